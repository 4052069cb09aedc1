"""Idempotency: identical requests of one call run a tool once and get the same answer.

Repeated deliveries of a summary run once, too.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from agenthost.errors import StateRefused, StateUnavailable
from agenthost.results.tool_answer import ToolAnswer
from agenthost.tools.swaig import Unreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agenthost._host.calls.tool_caller import ToolCaller
    from agenthost._host.packages.stages import Mounted
    from agenthost.state import Store
    from agenthost.tools.swaig import ToolRequest
    from agenthost.tools.tool import Tool

__all__ = ["KEPT", "answer_once", "deliver_once"]

KEPT = 600.0
"""Seconds that an answer is kept for repeated requests."""
_SPARE = 5.0
"""Seconds beyond the tool's own after which a run counts as lost, with the process that it was in."""
_LOOK = 0.05
_encode = msgspec.json.Encoder(order="sorted").encode

_log = logging.getLogger("agenthost.tools")


async def answer_once(
    caller: ToolCaller, store: Store, agent: Mounted, tool: Tool, request: ToolRequest, sibling: Callable[[str], str]
) -> ToolAnswer:
    """Run a tool once for all identical requests of a call.

    A failed run is not kept, so the next request tries again. If the store is unavailable, the tool runs.
    """
    if not request.call.id or isinstance(request.arguments, Unreadable):
        return await caller.answer(agent, tool, request, sibling)
    asked = _encode([agent.key, request.call.id, tool.name, tool.arguments.canonical(request.arguments)])
    key = sha256(asked).hexdigest()
    seconds = caller.seconds(agent, tool) + agent.limits.queue_wait + _SPARE
    try:
        while not await store.set_if_absent(key, None, ttl=seconds):
            kept = await store.get(key)
            if kept is not None:
                return _kept_answer(kept, sibling) or await caller.answer(agent, tool, request, sibling)
            await asyncio.sleep(_LOOK)
    except StateUnavailable as unavailable:
        _log.warning("tool %s of agent %s may run twice for one request: %s", tool.name, agent.key, unavailable)
        return await caller.answer(agent, tool, request, sibling)
    answer: ToolAnswer | None = None
    try:
        answer = await caller.answer(agent, tool, request, sibling)
    finally:
        try:
            if answer is None or answer.outcome != "ok" or not await _keep(store, key, answer):
                await store.delete(key)
        except StateUnavailable as error:
            _log.warning("the answer of tool %s of agent %s is not kept: %s", tool.name, agent.key, error)
    return answer


async def deliver_once(store: Store, key: str, seconds: float, deliver: Callable[[], Awaitable[bool]]) -> None:
    """Deliver something once for all requests with a key.

    A delivery that returns False is tried again by the next request. ``seconds`` is the time after which it counts as
    lost. If the store is unavailable, it is delivered.
    """
    try:
        while not await store.set_if_absent(key, value=False, ttl=seconds + _SPARE):
            if await store.get(key):
                return
            await asyncio.sleep(_LOOK)
    except StateUnavailable as unavailable:
        _log.warning("a repeated delivery cannot be recognised: %s", unavailable)
        await deliver()
        return
    delivered = False
    try:
        delivered = await deliver()
    finally:
        with suppress(StateUnavailable):
            await (store.set(key, value=True, ttl=KEPT) if delivered else store.delete(key))


def _kept_answer(kept: object, sibling: Callable[[str], str]) -> ToolAnswer | None:
    """Read a stored answer.

    Return None if its target has gone, or another version wrote it.
    """
    try:
        return ToolAnswer.from_plain(kept).located(sibling)
    except (LookupError, TypeError, ValueError):
        return None


async def _keep(store: Store, key: str, answer: ToolAnswer) -> bool:
    """Store an answer. Return False if it is too large."""
    try:
        await store.set(key, answer.to_plain(), ttl=KEPT)
    except StateRefused:
        return False
    return True
