"""Connecting: handing a live call to an agent, and not for ever back and forth."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agenthost.errors import StateUnavailable
from agenthost.results import FunctionResult

if TYPE_CHECKING:
    from agenthost.tools.swaig import Call

__all__ = ["CONNECT", "connect"]

CONNECT = "connect_caller"
"""The tool that a router's model calls."""
MOST_IN_A_CALL = 4
"""Times that one call may be handed over by routers."""
MOST_TO_ONE = 2
"""Times that it may be handed to the same agent."""
_LONGEST_REASON = 500
_ENOUGH = (
    "The caller has been connected {times} times already, so nobody is connected now. Apologise for that, find out "
    "what is still open, and help the caller here, or offer that somebody calls back."
)
_log = logging.getLogger("agenthost.workflows")


async def connect(router: str, agent: str, reason: str, call: Call, last_resort: str | None) -> FunctionResult:
    """Hand a call to an agent, with the reason in its global data.

    Who had the call is counted in the state of the call, which no agent's prompt can change, and beside it in the
    global data, for a host whose store does not answer.

    Args:
        router: who hands it over.
        agent: to whom.
        reason: what the caller needs.
        call: the call.
        last_resort: who gets a call that has been sent round too often, once; None for nobody.
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
        _log.warning("router %s counts in the call's data alone: %s", router, error)
    routing = {"from": router, "to": chosen, "reason": reason[:_LONGEST_REASON], "path": [*had, chosen]}
    return FunctionResult("One moment, I connect you.").update_global_data({"routing": routing}).hand_over(chosen)


async def _had(call: Call) -> list[str]:
    """Who has had the call, in order."""
    told = call.global_data.get("routing")
    path = told.get("path") if isinstance(told, dict) else None
    try:
        kept = await call.state.get("routed")
    except StateUnavailable:
        kept = None
    found = [each for each in (kept, path) if isinstance(each, list)]
    return [str(agent) for agent in max(found, key=len, default=[])]
