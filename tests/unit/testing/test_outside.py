"""Agents outside a host: calls, turns and state."""

from __future__ import annotations

import asyncio

from agenthost import AgentBase, Call, Message
from agenthost.testing import Clock, make_call, make_turn, with_state


class Desk(AgentBase):
    def __init__(self):
        super().__init__(name="desk")

    @AgentBase.tool
    async def visit(self, call: Call) -> str:
        """Count a visit."""
        return f"{call.caller_number}: {await self.state.incr('visits', ttl=60)}, {await call.state.incr('asked')}"

    @AgentBase.tool
    def visit_in_a_thread(self, call: Call) -> str:
        """Count a visit."""
        return f"{self.state.sync.incr('visits')}, {call.state.sync.incr('asked')}"


def test_state_of_an_agent_outside_a_host():
    desk = with_state(Desk())
    call = make_call(agent=desk, caller_number="+15550123")

    assert asyncio.run(desk.visit(call)) == "+15550123: 1, 1"
    assert asyncio.run(desk.visit(call)) == "+15550123: 2, 2"
    assert desk.visit_in_a_thread(call) == "3, 3"
    assert desk.state.sync.get("visits") == 3
    assert with_state(Desk()).state.sync.get("visits") is None


def test_a_clock_of_its_own():
    clock = Clock()
    desk = with_state(Desk(), clock=clock)
    asyncio.run(desk.visit(make_call()))
    clock.advance(61)

    assert desk.state.sync.get("visits") is None


def test_a_call_has_the_fields_of_a_request():
    call = make_call("call-7", caller_name="Ann", global_data={"day": "mon"}, meta_data={"n": 1}, project_id="p-1")

    assert (call.id, call.caller_name, call.global_data, call.meta_data) == ("call-7", "Ann", {"day": "mon"}, {"n": 1})
    assert call.raw_data["project_id"] == "p-1"
    assert call.raw_data["caller_id_num"] == call.caller_number == "+15550100"


def test_a_turn_alternates():
    turn = make_turn("On Monday.", "I need a visit.", "Which day?", context={"name": "Ann"})

    assert (turn.text, turn.context) == ("On Monday.", {"name": "Ann"})
    assert turn.history == (Message("user", "I need a visit."), Message("assistant", "Which day?"))
    assert make_turn("Hi.", "Hello, this is the desk.").history == (Message("assistant", "Hello, this is the desk."),)
