"""Turns that wait for a client's tools."""

from __future__ import annotations

import asyncio

from agenthost import Message, ToolUse
from agenthost._host.text.paused_turns import Paused, PausedTurns
from agenthost.builtin.card_numbers import redactors
from agenthost.builtin.state_memory import memory_provider
from agenthost.conversation.turns import Note
from agenthost.state import Scope, StateOptions, Store

USES = (ToolUse("call_a", "weather", '{"city": "Oslo"}'), ToolUse("call_b", "weather", '{"city": "4111111111111111"}'))
OWN = ToolUse("own", "price", "{}")
MESSAGES = (Message("assistant", "", (OWN, *USES)), Message("tool", "$9", (), "own"))
PAUSED = Paused("desk", "shop", "c-1", 3, "Weather?", (Note("desk", "reason", "why"),), MESSAGES)


def kept(*sent, asked="desk"):
    """Store a turn, and find it by what a client sends."""

    async def main():
        entries = await memory_provider().open("memory://", StateOptions())
        turns = PausedTurns(Store(entries, Scope("host", "paused")), redactors())
        await turns.keep(PAUSED, USES)
        return await turns.find(asked, sent)

    return asyncio.run(main())


def result(call, text="rain"):
    return Message("tool", text, (), call)


def test_a_turn_is_found_by_its_calls_or_their_results():
    for sent in ([Message("assistant", "", USES)], [result("call_a")], [result("call_b"), result("call_a")]):
        found = kept(*sent)
        assert (found.agent, found.turn, found.notes) == ("shop", 3, PAUSED.notes)


def test_a_turn_of_another_agent_is_not_found():
    assert kept(result("call_a"), asked="other") is None
    assert kept(result("call_x")) is None


def test_what_is_stored_is_redacted():
    assert kept(result("call_a")).messages[0].tool_uses[2].arguments == '{"city": "[card ending in 1111]"}'


def test_each_open_call_has_a_result():
    assert PAUSED.resumed([result("call_b", "sun"), result("call_x")]) == (
        *MESSAGES,
        result("call_a", "[The client gave no result.]"),
        result("call_b", "sun"),
    )
