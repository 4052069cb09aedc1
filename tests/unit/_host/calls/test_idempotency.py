"""Idempotency: identical requests of one call run a tool once and share its answer."""

from __future__ import annotations

import asyncio
import time

import pytest
from plans import plan_of

from agenthost import AgentBase, FunctionResult
from agenthost._host.calls.idempotency import answer_once
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost.builtin.state_memory import MemoryEntries
from agenthost.results import HandOver
from agenthost.results.tool_answer import ToolAnswer
from agenthost.state import Stores
from agenthost.tools.swaig import ToolRequest

BODY = {"function": "book", "call_id": "c-1"}


class Booking:
    """A host with one agent whose tool returns given results, and its stored answers."""

    def __init__(self, *results):
        self.runs = 0
        self._results = results
        agent = AgentBase("desk", fallback="Sorry.").define_tool("book", "", {}, self._book, idempotent=True)
        [self.agent] = plan_of(agent).agents
        self.caller = ToolCaller()
        self.store = Stores(MemoryEntries(time.monotonic)).own("tool calls")
        self.served = {"Sales": "sales", "sales": "sales"}

    def _book(self, args):
        result = self._results[min(self.runs, len(self._results) - 1)]
        self.runs += 1
        if isinstance(result, Exception):
            raise result
        return result

    async def ask(self, body=BODY):
        request = ToolRequest.from_body(body)
        return await answer_once(
            self.caller, self.store, self.agent, self.agent.tools["book"], request, self.served.__getitem__
        )


def asked(booking, times=2, body=BODY):
    async def main():
        return [await booking.ask(body) for _ in range(times)]

    return asyncio.run(main())


def test_the_second_request_gets_the_same_value():
    """With its actions, and calls that are handed over by the agent's key."""
    booking = Booking(FunctionResult("Booked.", post_process=True).say("Bye.").hand_over("Sales"))

    assert asked(booking) == [ToolAnswer("Booked.", ({"say": "Bye."}, HandOver("sales")), post_process=True)] * 2
    assert booking.runs == 1


def test_requests_at_the_same_time_run_it_once():
    booking = Booking("Booked.")

    async def main():
        return await asyncio.gather(*(booking.ask() for _ in range(5)))

    assert asyncio.run(main()) == [ToolAnswer("Booked.")] * 5
    assert booking.runs == 1


def test_a_failure_is_not_kept():
    booking = Booking(ValueError(), "Booked.")
    first, second = asked(booking)

    assert (first.response, first.outcome, second) == ("Sorry.", "failed", ToolAnswer("Booked."))


def test_other_calls_and_arguments_are_others():
    booking = Booking("Booked.")

    async def main():
        for body in (BODY, BODY | {"call_id": "c-2"}, BODY | {"arguments": {"a": 1}}, {"function": "book"}):
            await booking.ask(body)
        await booking.ask({"function": "book"})

    asyncio.run(main())
    assert booking.runs == 5


@pytest.mark.parametrize(
    "kept", ['{"response":"Booked."}', ["x"], ["x", [["hand over", "gone", None, True]], False, None]]
)
def test_an_answer_that_cannot_be_used_any_more_is_made_again(kept):
    """Written by another version, or handing over to an agent that has gone."""
    booking = Booking("Booked.")

    async def main():
        await booking.ask()
        [key] = [key async for key in booking.store.scan()]
        await booking.store.set(key, kept)
        return await booking.ask()

    assert asyncio.run(main()) == ToolAnswer("Booked.")
    assert booking.runs == 2
