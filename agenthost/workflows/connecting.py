"""Connecting: handing a live call to an agent, without sending it in circles."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agenthost._error_words import message_of
from agenthost.errors import StateUnavailable
from agenthost.results import FunctionResult

if TYPE_CHECKING:
    from agenthost.tools.swaig import Call

__all__ = ["CONNECT", "connect"]

CONNECT = "connect_caller"
"""The tool that the model of a router calls."""
MOST_IN_A_CALL = 4
"""Most hand-offs of one call by routers."""
MOST_TO_ONE = 2
"""Most hand-offs of one call to the same agent."""
_LONGEST_REASON = 500
_ENOUGH = (
    "The caller has been connected {times} times already, so nobody is connected now. Apologise for that, find out "
    "what is still open, and help the caller here, or offer that somebody calls back."
)
_log = logging.getLogger("agenthost.workflows")


async def connect(router: str, agent: str, reason: str, call: Call, last_resort: str | None) -> FunctionResult:
    """Hand a call to an agent, with the reason in its global data.

    The agents that had the call are stored in the state of the call, which no prompt can change. The global data have a
    copy, for hosts whose store does not answer.

    Args:
        router: the router.
        agent: the agent that gets the call.
        reason: the caller's need.
        call: the call.
        last_resort: the agent that gets, once, a call with too many hand-offs.
    """
    had = await _had(call)
    chosen = agent
    if len(had) >= MOST_IN_A_CALL or had.count(agent) >= MOST_TO_ONE:
        if last_resort is None or last_resort in had:
            _log.warning("router %s keeps call %s: it has been with %s", router, call.id, ", ".join(had))
            return FunctionResult(_ENOUGH.format(times=len(had)))
        chosen = last_resort
    try:
        await call.state.set("routed", [*had, chosen])
    except StateUnavailable as error:
        _log.warning("router %s counts hand-offs in the call's global data only: %s", router, message_of(error))
    routing = {"from": router, "to": chosen, "reason": reason[:_LONGEST_REASON], "path": [*had, chosen]}
    return FunctionResult("One moment, I connect you.").update_global_data({"routing": routing}).hand_over(chosen)


async def _had(call: Call) -> list[str]:
    """Return the agents that have had the call, in order."""
    told = call.global_data.get("routing")
    path = told.get("path") if isinstance(told, dict) else None
    try:
        kept = await call.state.get("routed")
    except StateUnavailable:
        kept = None
    found = [each for each in (kept, path) if isinstance(each, list)]
    return [str(agent) for agent in max(found, key=len, default=[])]
