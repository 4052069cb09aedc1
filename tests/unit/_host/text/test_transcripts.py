"""Transcripts: whose turn it is, and what stays of messages that are never answered."""

import asyncio
import time

import pytest
from attrs import evolve

from agenthost._host.text import transcripts as module
from agenthost._host.text.history import Bound
from agenthost._host.text.transcript_lines import Line
from agenthost._host.text.transcripts import Arrival, Transcripts
from agenthost.builtin.state_memory import memory_provider
from agenthost.errors import StateRefused, TurnTakenOver
from agenthost.state import Scope, StateOptions, Store


@pytest.fixture
def run():
    """Run a test with transcripts in one store, as each of several workers has them."""

    def go(test, **options):
        async def main():
            entries = await memory_provider().open("memory://", StateOptions())
            store = Store(entries, Scope("host", "transcripts"))
            wanted = {"keep": 1, "longest": 5.0, "history": Bound(), **options}
            return await test(Transcripts(store, (), **wanted), Transcripts(store, (), **wanted))

        return asyncio.run(main())

    return go


async def answer(transcripts, arrival, order, head=None):
    head = await transcripts.enter(arrival) if head is None else head
    begun = await transcripts.begin(arrival, "a", head)
    order.append(arrival.text)
    await transcripts.end(arrival, begun, [Line(0, "assistant", "Yes.", 0.0)])
    return begun


def test_messages_are_answered_in_order_of_arrival(run):
    """Also if a slow worker stores an earlier message later."""

    async def test(one, other):
        order = []
        now = time.time()
        first, second, third = (Arrival("c", text, now + n) for n, text in enumerate(("first", "second", "third")))
        begun = await one.begin(first, "a", await one.enter(first))
        late = asyncio.create_task(answer(one, third, order, await one.enter(third)))
        early = asyncio.create_task(answer(other, second, order, await other.enter(second)))
        await asyncio.sleep(0.02)
        assert order == []
        await one.end(first, begun, [Line(0, "assistant", "Yes.", 0.0)])
        turns = [begun.turn, (await early).turn, (await late).turn]
        assert (order, turns) == (["second", "third"], [1, 2, 3])
        assert [line.text for line in await one.read("c")] == ["first", "Yes.", "second", "Yes.", "third", "Yes."]

    run(test)


def test_waiting_messages_are_in_the_transcript(run):
    async def test(one, other):
        first, second = Arrival("c", "first"), Arrival("c", "second")
        await one.enter(first)
        await other.enter(second)
        assert [(line.turn, line.text) for line in await one.read("c")] == [(1, "first"), (2, "second")]

    run(test)


def test_a_message_that_nobody_waits_for_is_withdrawn(run):
    """It stays in the transcript, and the next one does not wait for it."""

    async def test(one, other):
        first, second, third = (Arrival("c", text) for text in ("first", "second", "third"))
        begun = await one.begin(first, "a", await one.enter(first))
        await other.enter(second)
        await other.end(second, None, [Line(0, "failure", "cancelled", 0.0)])
        await one.end(first, begun, [Line(0, "assistant", "Yes.", 0.0)])
        began = await one.begin(third, "a", await one.enter(third))
        assert began.turn == 3
        assert [message.content for message in began.history] == [
            "first",
            "Yes.",
            "second",
            "[The turn failed: this message has no answer.]",
        ]

    run(test)


def test_a_message_that_was_never_stored_leaves_nothing(run):
    async def test(one, _):
        await one.end(Arrival("c", "lost"), None, [Line(0, "failure", "StateUnavailable", 0.0)])
        assert await one.read("c") == ()

    run(test)


def test_nobody_waits_for_ever_for_a_process_that_died(run, monkeypatch):
    """Its current turn and the message in its queue stay without an answer."""
    monkeypatch.setattr(module, "_GRACE", 0.0)

    async def test(one, other):
        await one.enter(Arrival("c", "running"))
        await one.enter(Arrival("c", "waiting"))
        await asyncio.sleep(0.15)
        mine = Arrival("c", "mine")
        began = await other.begin(mine, "a", await other.enter(mine))
        assert [message.content for message in began.history if message.role == "user"] == ["running", "waiting"]
        assert began.turn == 3

    run(test, longest=0.1)


def test_a_wait_ends(run):
    async def test(one, other):
        await one.enter(Arrival("c", "first", time.time() - 1))
        mine = Arrival("c", "mine")
        other._longest = 0.05
        with pytest.raises(TimeoutError):
            await other.begin(mine, "a", await other.enter(mine))

    run(test)


def test_tool_calls_survive_the_process_that_ran_them(run, monkeypatch):
    """The next turn receives them, although their turn has no end."""

    async def test(one, other):
        now = time.time()
        arrival = Arrival("c", "Block my card.", now)
        begun = await one.begin(arrival, "a", await one.enter(arrival))
        started = Line(0, "tool", "[No result]", now, "a", {"tool": "block", "arguments": "{}", "failed": True})
        await one.progress("c", begun, [started])
        await one.progress("c", begun, [evolve(started, text="Blocked.")])
        assert [line.text for line in await other.read("c")] == ["Block my card.", "Blocked."]
        monkeypatch.setattr(module.time, "time", lambda: now + 60)
        following = Arrival("c", "Well?", now + 60)
        told = (await other.begin(following, "a", await other.enter(following))).history
        assert [message.role for message in told] == ["user", "assistant", "tool", "assistant"]
        assert (told[1].tool_uses[0].name, told[2].content) == ("block", "Blocked.")
        assert told[3].content.startswith("[The turn failed")
        await one.end(arrival, begun, [evolve(started, text="Blocked."), Line(0, "assistant", "Done.", now)])
        texts = [line.text for line in await one.read("c")]
        assert texts == ["Block my card.", "Blocked.", "Done.", "Well?"]

    run(test)


def test_tool_calls_that_are_too_large_wait_for_the_end_of_the_turn(run):
    async def test(one, other):
        arrival = Arrival("c", "Read all.")
        begun = await one.begin(arrival, "a", await one.enter(arrival))
        lines = [Line(0, "tool", f"{n} {'x' * 4000}", 0.0, "a", {"tool": "read", "arguments": "{}"}) for n in range(80)]
        await one.progress("c", begun, lines)
        await one.end(arrival, begun, [*lines, Line(0, "assistant", "Done.", 0.0)])
        assert len(await other.read("c")) == 82

    run(test)


def test_a_turn_takes_the_place_of_an_attempt_whose_process_died(run):
    """It does not wait for that attempt, and comes before a later message."""

    async def test(one, other):
        order = []
        first = Arrival("c", "first", id="turn.1")
        begun = await one.begin(first, "a", await one.enter(first))
        await one.progress("c", begun, [Line(0, "tool", "Done.", 0.0, "a", {"tool": "order", "escalate": "lost"})])
        next_one = Arrival("c", "second")
        waiting = asyncio.create_task(answer(other, next_one, order))
        await asyncio.sleep(0.02)

        again = evolve(first, id="turn.2")
        head, attempts = await other.reenter(again)
        resumed = await other.begin(again, "a", head, attempts=attempts)
        order.append("again")
        await other.end(again, resumed, [Line(0, "assistant", "Yes.", 0.0)])
        await waiting

        assert (attempts, order) == ((begun.turn,), ["again", "second"])
        assert [(run.tool, run.result, run.effects) for run in resumed.done] == [
            ("order", "Done.", {"escalate": "lost"})
        ]
        assert resumed.history == ()

    run(test)


def test_an_attempt_that_was_replaced_stores_no_call_that_is_needed(run):
    async def test(one, other):
        first = Arrival("c", "first", id="turn.1")
        begun = await one.begin(first, "a", await one.enter(first))
        third = evolve(first, id="turn.3", attempt=3)
        head, attempts = await other.reenter(third)
        resumed = await other.begin(third, "a", head, attempts=attempts)
        call = Line(0, "tool", "Done.", 0.0, "a", {"tool": "order"})

        with pytest.raises(TurnTakenOver):
            await one.progress("c", begun, [call], needed=True)
        with pytest.raises(TurnTakenOver):
            await one.reenter(evolve(first, id="turn.2", attempt=2))
        await one.progress("c", begun, [call])
        await other.progress("c", resumed, [call], needed=True)
        await other.end(third, resumed, [call])

        assert [line.turn for line in await one.read("c") if line.role == "tool"] == [resumed.turn]

    run(test)


def test_a_call_that_is_needed_and_too_large_is_refused(run):
    async def test(one, _):
        first = Arrival("c", "first")
        begun = await one.begin(first, "a", await one.enter(first))
        calls = [Line(0, "tool", "x" * 16_000, 0.0, "a", {"tool": "order"})] * 80

        await one.progress("c", begun, calls)
        with pytest.raises(StateRefused):
            await one.progress("c", begun, calls, needed=True)
        await one.end(first, begun, calls)

    run(test)


def test_an_attempt_that_still_waited_is_replaced(run):
    async def test(one, other):
        running = Arrival("c", "before")
        begun = await one.begin(running, "a", await one.enter(running))
        await one.enter(Arrival("c", "first", id="turn.1"))

        head, attempts = await other.reenter(Arrival("c", "first", id="turn.2"))

        assert (attempts, [entry["id"] for entry in head["waiting"]]) == ((), ["turn.2"])
        await one.end(running, begun, [])

    run(test)
