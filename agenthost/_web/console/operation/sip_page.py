"""The page about SIP: the agent that answers a call, and everything that decides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agenthost._host.status.sip import decided, deciding, moment_of

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["sip_page"]

_FIELDS = ("to", "from", "at")
_LONGEST = 1024
"""Characters of a field."""
_MOST_ROWS = 200
"""Rules and aliases on the page."""


async def sip_page(asked: PageRequest) -> Answer:
    """Return the page about SIP: an answer to its question, and everything that decides."""
    shown = {**await _shown(asked), "unmatched": (await asked.status())["sip_unmatched"]}
    return asked.json(shown) if asked.as_json else await asked.page("sip", **shown, most=_MOST_ROWS)


async def _shown(page: PageRequest) -> dict[str, Any]:
    """Return what decides about SIP calls as data.

    ``asked`` has the fields of the form. ``answer`` is None unless an address was asked for; ``error`` says why there
    is none.
    """
    plan, resolver = page.request.published.plan, page.request.published.sip
    asked = {name: (page.query(name) or "")[:_LONGEST] for name in _FIELDS}
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
