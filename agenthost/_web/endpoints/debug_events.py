"""Debug events of the platform during a call: ``POST R/debug_events``."""

from __future__ import annotations

import inspect
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from agenthost.tools.swaig import call_id, conversation_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer"]

_INFO = "call_info"
_MOST_EVENTS = 50
"""Events of one request that are logged and passed on."""
_log = logging.getLogger("agenthost.debug_events")


async def answer(request: Request, agent: Mounted) -> Answer:
    """Log the events, and pass each to the agent's handler if there is one."""
    body = await request.body("debug_event", agent)
    if request.passed is not None:
        info = body[_INFO] if isinstance(body.get(_INFO), dict) else {}
        request.belongs_to(call_id(body) or call_id(info), conversation_id(body) or conversation_id(info))
    for label in _labels(body):
        _log.info("agent %s: %.80r", agent.key, label)
        if (handler := agent.debug_handler) is not None:
            run, on_loop = partial(handler, label, body), inspect.iscoroutinefunction(handler)
            await request.site.caller.attempt(agent, "debug event", run, on_loop=on_loop)
    return 204, request.rules.shared, b""


def _labels(body: Mapping[str, Any]) -> list[Any]:
    """Return the names of the events, each a key beside ``call_info``."""
    if label := body.get("label") or body.get("action"):
        return [label]
    named = [name for name in body if name != _INFO] if _INFO in body else []
    return named[:_MOST_EVENTS] or ["event"]
