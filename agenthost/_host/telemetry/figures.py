"""Figures: usage and success of each agent in text, over all workers and restarts.

Each process counts and adds its counts to the host's store every few seconds. The store has sums only, including the
number of answers per time slot, so that nothing is lost when several processes write.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from math import sqrt
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.telemetry.durations import SLOTS, quantile, slot
from agenthost.errors import StateUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.conversation.models import Usage
    from agenthost.conversation.turns import Outcome
    from agenthost.state import Store, Stores

__all__ = ["DAYS", "AgentFigures", "Figures", "kept_figures", "wilson"]

DAYS = 30
"""Days that figures are kept."""
EVERY = 5.0
"""Seconds between two updates of the store by a process."""
_SCOPE = "agent figures"
_DAY = 86400.0
_NINETY_FIVE = 1.959963984540054
"""The two-sided quantile of the normal distribution."""

_log = logging.getLogger("agenthost.workflows")


@frozen
class AgentFigures:
    """The figures of one agent."""

    agent: str
    calls: int
    ok: int
    errors: int
    timeouts: int
    cancelled: int
    escalated: int
    """Number of answers after which another agent took over all the same."""
    handed_over: int
    input_tokens: int
    """Tokens that models were asked with, workflows below it included."""
    output_tokens: int
    p50: float | None
    """Seconds within which half of its answers came; None without an answer."""
    p95: float | None

    @property
    def succeeded(self) -> int:
        """The number of answers without an escalation."""
        return max(0, self.ok - self.escalated)

    @property
    def success(self) -> tuple[float, float, float] | None:
        """The success rate without cancelled calls, 0 to 1, with its interval, or None."""
        tried = self.calls - self.cancelled
        return (self.succeeded / tried, *wilson(self.succeeded, tried)) if tried > 0 else None

    def report(self) -> dict[str, Any]:
        """Return the figures as in ``/-/metrics.json`` and ``agenthost stats --json``."""
        success = self.success
        return {
            "agent": self.agent,
            "calls": self.calls,
            "ok": self.ok,
            "errors": self.errors,
            "timeouts": self.timeouts,
            "cancelled": self.cancelled,
            "escalated": self.escalated,
            "handed_over": self.handed_over,
            "success": round(success[0], 4) if success else None,
            "success_interval": [round(bound, 4) for bound in success[1:]] if success else None,
            "tokens": {"input": self.input_tokens, "output": self.output_tokens},
            "p50_seconds": self.p50,
            "p95_seconds": self.p95,
        }


class Figures:
    """The counts of this process that are not in the store yet."""

    def __init__(self, metrics: Metrics, stores: Stores) -> None:
        self._metrics = metrics
        self._stores = stores
        self._new: dict[tuple[str, str], Counter[str]] = {}
        self._adding = asyncio.Lock()

    def called(self, outcome: Outcome, usage: Usage) -> None:
        """Count the outcome of a call."""
        agent, reply, status = outcome.agent, outcome.reply, outcome.status.value
        counted = {"calls": 1, status: 1, SLOTS[slot(outcome.seconds)]: int(reply is not None)}
        counted["input"], counted["output"] = usage.input_tokens, usage.output_tokens
        if reply is not None:
            counted["escalated"] = int(reply.escalate is not None)
            counted["handed_over"] = int(reply.handed_to is not None)
        self._today(agent).update({name: number for name, number in counted.items() if number})
        self._metrics.called(agent, status, outcome.seconds, counted)

    def escalated(self, agent: str) -> None:
        """Count an escalation that the agent did not request."""
        self._today(agent)["escalated"] += 1
        self._metrics.escalated(agent)

    async def add(self) -> None:
        """Add the new counts to the store, one write per agent.

        Counts that cannot be added are kept for the next time.

        Raises:
            StateUnavailable: the store does not answer. The counts in flight may be counted twice.
        """
        store = _store(self._stores)
        async with self._adding:
            for day, agent in list(self._new):
                new = self._new.pop((day, agent))
                try:
                    await store.update(_key(day, agent), partial(_added, new, agent), {}, ttl=DAYS * _DAY)
                except BaseException:
                    self._new.setdefault((day, agent), Counter()).update(new)
                    raise

    @asynccontextmanager
    async def stored_regularly(self) -> AsyncIterator[None]:
        """Add the new counts every few seconds during the block, and at its end."""
        adding = asyncio.create_task(self._keep_adding())
        try:
            yield
        finally:
            adding.cancel()
            await asyncio.wait((adding,))
            with suppress(StateUnavailable):
                await self.add()

    def _today(self, agent: str) -> Counter[str]:
        return self._new.setdefault((datetime.now(UTC).date().isoformat(), agent), Counter())

    async def _keep_adding(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._new:
                try:
                    await self.add()
                except StateUnavailable as error:
                    _log.debug("figures are not stored yet: %s", error)


async def kept_figures(stores: Stores, days: int) -> list[AgentFigures]:
    """Return the stored figures of each agent, the most used first.

    ``days`` includes today.

    Raises:
        StateUnavailable: it does not answer.
    """
    store = _store(stores)
    sums: dict[str, Counter[str]] = {}
    today = datetime.now(UTC).date()
    for ago in range(min(days, DAYS + 1)):
        day = (today - timedelta(ago)).isoformat()
        async for key in store.scan(f"{day} "):
            counted = await store.get(key)
            if isinstance(counted, dict):
                sums.setdefault(str(counted.get("agent", key)), Counter()).update(_numbers(counted))
    found = [_figures(agent, counted) for agent, counted in sums.items()]
    return sorted(found, key=lambda each: (-each.calls, each.agent))


def wilson(successes: int, tried: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a rate, 0 to 1 (Wilson, 1927)."""
    z2 = _NINETY_FIVE**2
    rate = successes / tried
    middle = (rate + z2 / (2 * tried)) / (1 + z2 / tried)
    half = _NINETY_FIVE / (1 + z2 / tried) * sqrt(rate * (1 - rate) / tried + z2 / (4 * tried**2))
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))


def _figures(agent: str, counted: Counter[str]) -> AgentFigures:
    slots = {int(name[1:]): number for name, number in counted.items() if name[:1] == "s" and name[1:].isdigit()}
    return AgentFigures(
        agent=agent,
        calls=counted["calls"],
        ok=counted["ok"],
        errors=counted["error"],
        timeouts=counted["timeout"],
        cancelled=counted["cancelled"],
        escalated=counted["escalated"],
        handed_over=counted["handed_over"],
        input_tokens=counted["input"],
        output_tokens=counted["output"],
        p50=quantile(slots, 0.5),
        p95=quantile(slots, 0.95),
    )


def _store(stores: Stores) -> Store:
    return stores.own(_SCOPE)


def _key(day: str, agent: str) -> str:
    return f"{day} {blake2b(agent.encode(), digest_size=16).hexdigest()}"


def _added(new: Mapping[str, int], agent: str, kept: Any) -> dict[str, Any]:
    return {"agent": agent, **(Counter(_numbers(kept)) + Counter(new))}


def _numbers(kept: Any) -> dict[str, int]:
    """Return the stored numbers, or nothing if the value has another form."""
    if not isinstance(kept, dict):
        return {}
    return {name: number for name, number in kept.items() if isinstance(number, int)}
