"""Debug events of the platform during a call: ``POST R/debug_events``."""

from __future__ import annotations

import inspect
import logging
from functools import partial
from typing import TYPE_CHECKING

from agenthost.tools.swaig import call_id

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer"]

_log = logging.getLogger("agenthost.debug_events")


async def answer(request: Request, agent: Mounted) -> Answer:
    """Log the event, and pass it to the agent's handler if there is one."""
    event = await request.body("debug_event", agent)
    if request.passed is not None:
        request.belongs_to(call_id(event))
    label = event.get("label") or event.get("action") or "event"
    _log.info("agent %s: %.80r", agent.key, label)
    if (handler := agent.debug_handler) is not None:
        run, on_loop = partial(handler, label, event), inspect.iscoroutinefunction(handler)
        await request.site.caller.attempt(agent, "debug event", run, on_loop=on_loop)
    return 204, request.rules.shared, b""
