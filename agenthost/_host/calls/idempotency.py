"""Once: identical requests of one call run a tool once, and all of them hear what it said."""

from __future__ import annotations

import asyncio
import logging
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from agenthost.errors import StateRefused, StateUnavailable
from agenthost.tools.swaig import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.calls.tool_caller import ToolCaller
    from agenthost._host.packages.stages import Mounted
    from agenthost.state import Store
    from agenthost.tools.swaig import ToolRequest
    from agenthost.tools.tool import Tool

__all__ = ["KEPT", "answer_once"]

KEPT = 600.0
"""Seconds that an answer is kept for those who ask again."""
_SPARE = 5.0
"""Seconds beyond the tool's own after which a run counts as lost, with the process that it was in."""
_LOOK = 0.05
_encode = msgspec.json.Encoder(order="sorted").encode

_log = logging.getLogger("agenthost.tools")


async def answer_once(
    caller: ToolCaller, store: Store, agent: Mounted, tool: Tool, request: ToolRequest, resolve: Callable[[str], str]
) -> bytes:
    """Run ``tool`` as ``ToolCaller.answer`` does, unless an identical request of this call has been answered or is.

    What fails is not kept: whoever asks again has it tried again. Where the store does not answer, the tool runs.

    Args:
        caller: runs tools.
        store: where the answers of all workers are kept.
        agent: whose tool it is.
        tool: the tool.
        request: the call.
        resolve: gives the public URL of a sibling agent.
    """
    if not request.call.id or isinstance(request.arguments, Unreadable):
        return await caller.answer(agent, tool, request, resolve)
    asked = _encode([agent.key, request.call.id, tool.name, tool.arguments.canonical(request.arguments)])
    key = sha256(asked).hexdigest()
    seconds = caller.seconds(agent, tool) + agent.limits.queue_wait + _SPARE
    try:
        while not await store.set_if_absent(key, None, ttl=seconds):
            answer = await store.get(key)
            if answer is not None:
                return str(answer).encode()
            await asyncio.sleep(_LOOK)
    except StateUnavailable as unavailable:
        _log.warning("tool %s of agent %s may run twice for one request: %s", tool.name, agent.key, unavailable)
        return await caller.answer(agent, tool, request, resolve)
    said: list[bytes] = []
    try:
        return await caller.answer(agent, tool, request, resolve, said.append)
    finally:
        try:
            if not said or not await _keep(store, key, said[0]):
                await store.delete(key)
        except StateUnavailable as error:
            _log.warning("the answer of tool %s of agent %s is not kept: %s", tool.name, agent.key, error)


async def _keep(store: Store, key: str, answer: bytes) -> bool:
    """Keep an answer; gives whether it is of a size that a store takes."""
    try:
        await store.set(key, answer.decode(), ttl=KEPT)
    except StateRefused:
        return False
    return True
