"""The page about SIP: the agent that answers a call, and everything that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._host.status.sip import decided, deciding, moment_of
from agenthost._web.request.requests import query_value

if TYPE_CHECKING:
    from agenthost._web.request.site import Request

__all__ = ["shown_sip"]

_FIELDS = ("to", "from", "at")
_LONGEST = 1024
"""Characters of a field."""


async def shown_sip(request: Request) -> dict[str, Any]:
    """Return what decides about SIP calls as data.

    ``asked`` has the fields of the form. ``answer`` is None unless an address was asked for; ``error`` says why there
    is none.
    """
    plan = request.published.plan
    asked = {name: (query_value(request.scope["query_string"], name.encode()) or "")[:_LONGEST] for name in _FIELDS}
    answer, error = None, ""
    if asked["to"]:
        try:
            moment = moment_of(asked["at"]) if asked["at"] else None
        except ValueError as wrong:
            error = str(wrong)
        else:
            decision = await decided(plan, {"to": asked["to"], "from": asked["from"] or None}, moment)
            agent = plan.find(decision.agent) if decision.agent is not None else None
            answer = {
                "decided_by": decision.label,
                "reason": decision.reason,
                "agent": decision.agent,
                "route": agent.route if agent is not None else None,
                "not_served": decision.missed,
            }
    return {"asked": asked, "answer": answer, "error": error, "deciding": deciding(plan)}
