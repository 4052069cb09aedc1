"""Figures of agents: what is counted, added up over processes, and made of it."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given, strategies as st

from agenthost import Outcome, Reply, StateUnavailable, Status
from agenthost._host.telemetry.durations import quantile, slot
from agenthost._host.telemetry.figures import Figures, kept_figures, wilson
from agenthost._host.telemetry.metrics import Metrics
from agenthost.builtin.state_memory import MemoryEntries
from agenthost.conversation.models import Usage
from agenthost.state import Stores

REPLY = Reply("sales", "x")


def test_what_is_counted():
    """Calls are counted by outcome, over two processes.

    An escalation by a detector counts too.
    """
    stores = Stores(MemoryEntries(time.monotonic))

    async def whole():
        for _ in range(2):
            figures = Figures(Metrics(), stores)
            for _ in range(3):
                figures.called(Outcome("sales", Status.OK, REPLY, seconds=0.1), Usage(10, 5))
            figures.called(Outcome("sales", Status.OK, Reply("sales", "x", escalate="angry"), seconds=0.1), Usage())
            figures.called(Outcome("sales", Status.OK, Reply("sales", "x", handed_to="b"), seconds=2.0), Usage())
            figures.called(Outcome("sales", Status.ERROR, seconds=0.1), Usage(1, 0))
            figures.called(Outcome("sales", Status.TIMEOUT, seconds=9.0), Usage())
            figures.called(Outcome("sales", Status.CANCELLED, seconds=9.0), Usage())
            figures.escalated("sales")
            figures.called(Outcome('odd "name" / ü', Status.OK, REPLY, seconds=0.1), Usage())
            async with figures.stored_regularly():
                await figures.add()
        return await kept_figures(stores, 1)

    sales, odd = asyncio.run(whole())
    told = sales.report()

    assert odd.agent == 'odd "name" / ü'
    assert {name: told[name] for name in ("calls", "ok", "errors", "timeouts", "cancelled")} == {
        "calls": 16,
        "ok": 10,
        "errors": 2,
        "timeouts": 2,
        "cancelled": 2,
    }
    assert (told["escalated"], told["handed_over"], told["tokens"]) == (4, 2, {"input": 62, "output": 30})
    assert told["success"] == round(6 / 14, 4)
    assert told["success_interval"] == [round(bound, 4) for bound in wilson(6, 14)]
    assert 0.1 / 1.42 < told["p50_seconds"] < 0.1 * 1.42
    assert 2.0 / 1.42 < told["p95_seconds"] < 2.0 * 1.42


def test_nothing_is_lost_while_the_store_is_down():
    """Figures that could not be added are added later, once."""

    class Shaky(MemoryEntries):
        down = True

        async def put_if(self, key, value, version, ttl):
            if self.down:
                raise StateUnavailable("down")
            return await super().put_if(key, value, version, ttl)

    entries = Shaky(time.monotonic)
    stores = Stores(entries)
    figures = Figures(Metrics(), stores)

    async def whole():
        figures.called(Outcome("a", Status.OK, REPLY, seconds=0.1), Usage(3, 4))
        with pytest.raises(StateUnavailable):
            await figures.add()
        entries.down = False
        await figures.add()
        await figures.add()
        return await kept_figures(stores, 30)

    (told,) = asyncio.run(whole())
    assert (told.calls, told.input_tokens, told.output_tokens) == (1, 3, 4)


def test_prometheus_has_the_same():
    """Counters and a histogram, by agent."""
    metrics = Metrics()
    figures = Figures(metrics, Stores(MemoryEntries(time.monotonic)))
    figures.called(Outcome("a", Status.OK, Reply("a", "", escalate="x", handed_to="b"), seconds=0.2), Usage(3, 4))
    text = metrics.text().decode()

    for line in (
        'agenthost_agent_calls_total{agent="a",outcome="ok"} 1.0',
        'agenthost_agent_escalations_total{agent="a"} 1.0',
        'agenthost_agent_handovers_total{agent="a"} 1.0',
        'agenthost_agent_tokens_total{agent="a",direction="input"} 3.0',
        'agenthost_agent_call_seconds_bucket{agent="a",le="0.25"} 1.0',
    ):
        assert line in text


@pytest.mark.parametrize(
    ("successes", "tried", "interval"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (81, 263, (0.2553, 0.3662)), (1, 1, (0.2065, 1.0))],
)
def test_the_interval_is_wilson_s(successes, tried, interval):
    """Figures of the literature (Newcombe, 1998: 81 of 263)."""
    assert tuple(round(bound, 4) for bound in wilson(successes, tried)) == interval


@given(st.integers(1, 1000), st.data())
def test_the_interval_holds_the_rate(tried, data):
    """Within 0 and 1."""
    successes = data.draw(st.integers(0, tried))
    low, high = wilson(successes, tried)

    assert 0 <= low <= successes / tried <= high <= 1


@given(st.lists(st.floats(0.002, 100), min_size=1, max_size=50), st.sampled_from([0.5, 0.95]))
def test_quantiles_are_at_most_a_slot_off(times, share):
    """The true value of the rank lies within the factor of one slot."""
    slots: dict[int, int] = {}
    for each in times:
        slots[slot(each)] = slots.get(slot(each), 0) + 1
    rank = max(1, -(-len(times) * share // 1))
    true = sorted(times)[int(rank) - 1]

    assert true / 1.4143 <= quantile(slots, share) <= true * 1.4143


def test_no_answer_has_no_quantile():
    """Nor a rate."""
    assert quantile({}, 0.5) is None
