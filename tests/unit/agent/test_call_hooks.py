"""Hooks that run when a call begins and when it has ended."""

from __future__ import annotations

import asyncio
import logging

import pytest

from agenthost import AgentBase, FunctionResult
from agenthost.agent.base import declared
from agenthost.errors import DefinitionError


def fire(agent, tool, body=None):
    """Call a hook as the platform does."""
    answer = agent.on_function_call(tool, {}, body or {})

    async def awaited():
        return await answer

    return asyncio.run(awaited()) if asyncio.iscoroutine(answer) else answer


def test_answers_are_put_together_in_order():
    """Also where some are async."""
    agent = AgentBase("desk")

    @agent.on_call_start
    async def first(raw_data):
        await asyncio.sleep(0)
        return FunctionResult(f"Called by {raw_data['caller_id_num']}.").update_global_data({"a": 1})

    @agent.on_call_start
    def second(raw_data):
        return FunctionResult("A friend.").hangup()

    result = fire(agent, "startup_hook", {"caller_id_num": "+1"})

    assert result.to_dict() == {
        "response": "Called by +1.\nA friend.",
        "action": [{"set_global_data": {"a": 1}}, {"hangup": True}],
    }


def test_one_failure_stops_nobody(caplog):
    agent = AgentBase("desk")

    @agent.on_call_start
    def fails(raw_data):
        raise RuntimeError("down")

    @agent.on_call_start
    async def fails_too(raw_data):
        raise RuntimeError("down as well")

    agent.on_call_start(lambda raw_data: "not a result")
    agent.on_call_start(lambda raw_data: FunctionResult("Hello."))

    with caplog.at_level(logging.WARNING, "agenthost.agent"):
        assert fire(agent, "startup_hook").response == "Hello."
    assert len(caplog.records) == 3


def test_the_conversation_at_the_end():
    agent, seen = AgentBase("desk"), []
    agent.on_call_end(lambda log, raw_data: seen.append((log, raw_data["call_id"])))

    assert declared(agent).draft.params == {"swaig_post_conversation": True}
    fire(agent, "hangup_hook", {"call_id": "c", "call_log": [{"role": "user"}]})
    fire(agent, "hangup_hook", {"call_id": "d", "raw_call_log": [1]})
    assert seen == [([{"role": "user"}], "c"), ([1], "d")]


def test_an_explicit_choice_stays():
    agent = AgentBase("desk").set_params({"swaig_post_conversation": False})
    agent.on_call_end(lambda log, raw_data: None)

    assert declared(agent).draft.params == {"swaig_post_conversation": False}


def test_an_author_s_own_hook_is_not_replaced():
    agent = AgentBase("desk").define_tool("startup_hook", "mine", {}, lambda args: "")

    with pytest.raises(DefinitionError, match="two tools called 'startup_hook'"):
        agent.on_call_start(lambda raw_data: None)


def test_a_handler_is_a_function():
    with pytest.raises(DefinitionError, match="must be a function"):
        AgentBase("desk").on_call_end("archive")
