"""Values for agents outside a host: calls, turns, and state in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from agenthost.agent.base import AgentBase, declared, serve_state
from agenthost.conversation.models import Message
from agenthost.conversation.turns import Turn
from agenthost.state import Stores
from agenthost.state.memory import MemoryEntries
from agenthost.testing.clock import Clock
from agenthost.testing.hosts.own_loop import shared_loop
from agenthost.tools.swaig import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["make_call", "make_turn", "with_state"]

A = TypeVar("A", bound=AgentBase)


def make_call(
    call_id: str = "call-1",
    *,
    caller_number: str | None = "+15550100",
    caller_name: str | None = None,
    global_data: Mapping[str, Any] | None = None,
    meta_data: Mapping[str, Any] | None = None,
    agent: AgentBase | None = None,
    **fields: Any,
) -> Call:
    """Make a call, as a tool gets it.

    Args:
        call_id: its ID.
        caller_number: the number or SIP address of the caller.
        caller_name: the name of the caller.
        global_data: the data stored by the call's agents so far.
        meta_data: the data stored by this tool's results so far.
        agent: an agent from ``with_state``, whose store the call's state is in. None for a store of its own.
        fields: further fields of the request, as in ``raw_data``.
    """
    body = {
        "call_id": call_id,
        "caller_id_num": caller_number,
        "caller_id_name": caller_name,
        "global_data": dict(global_data or {}),
        "meta_data": dict(meta_data or {}),
        **fields,
    }
    kept = declared(agent).stores if agent is not None else None
    return Call.from_body(body, kept or _stores(Clock()))


def make_turn(text: str, *history: str, conversation: str = "conversation-1", **fields: Any) -> Turn:
    """Make a turn, as an agent in text gets it.

    Args:
        text: the message of the person.
        history: the earlier messages, oldest first: the person's and the agent's in turn, the agent's last.
        conversation: the ID of the conversation.
        fields: further fields of ``Turn``, such as ``context``.
    """
    start = len(history) % 2  # the message before ``text`` is the agent's
    said = tuple(
        Message("assistant" if (number + start) % 2 else "user", words) for number, words in enumerate(history)
    )
    return Turn(conversation, text, said, **fields)


def with_state(agent: A, key: str | None = None, clock: Clock | None = None) -> A:
    """Give an agent outside a host a store in memory of its own.

    Args:
        agent: the agent.
        key: its key, which names the store. Defaults to its name.
        clock: the clock for the expiry of values. Defaults to one that stands still.

    Returns:
        The same agent.
    """
    serve_state(agent, key or declared(agent).name, _stores(clock or Clock()))
    return agent


def _stores(clock: Clock) -> Stores:
    return Stores(MemoryEntries(clock), lambda: shared_loop().loop)
