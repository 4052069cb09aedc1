"""The page about SIP: the agent that answers a call, and everything that decides."""

from __future__ import annotations

import asyncio
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
    plan, resolver = request.published.plan, request.published.sip
    asked = {name: (query_value(request.scope["query_string"], name.encode()) or "")[:_LONGEST] for name in _FIELDS}
    answer, error = None, ""
    if asked["to"]:
        try:
            moment = moment_of(asked["at"]) if asked["at"] else None
        except ValueError as wrong:
            error = str(wrong)
        else:
            answer = await decided(plan, resolver, {"to": asked["to"], "from": asked["from"] or None}, moment)
    rows = await asyncio.to_thread(deciding, plan, resolver.routing)  # many agents have many aliases
    return {"asked": asked, "answer": answer, "error": error, "deciding": rows}
