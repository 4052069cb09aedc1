"""The page about SIP: the agent that answers a call, and everything that decides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agenthost._host.status.sip import decided, deciding, moment_of
from agenthost._web.console.operation.hours_picture import hours_picture
from agenthost._web.console.texts import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["sip_page"]

_FIELDS = ("to", "from", "at", "headers")
_LONGEST = 1024
"""Characters of a field."""
_MOST_ROWS = 200
"""Rules and aliases on the page."""


async def sip_page(asked: PageRequest) -> Answer:
    """Return the page about SIP: an answer to its question, and everything that decides."""
    shown = {**await _shown(asked), "unmatched": (await asked.status())["sip_unmatched"]}
    if asked.as_json:
        return asked.json(shown)
    rules = asked.request.published.sip.routing.rules.rules[:_MOST_ROWS]
    return await asked.page("sip", **shown, most=_MOST_ROWS, hours=await asyncio.to_thread(hours_picture, rules))


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
            call = {"to": asked["to"], "from": asked["from"] or None, "headers": list(_headers(asked["headers"]))}
        except ValueError as wrong:
            error = str(wrong)
        else:
            answer = await decided(plan, resolver, call, moment)
    rows = await asyncio.to_thread(deciding, plan, resolver.routing)  # many agents have many aliases
    return {"asked": asked, "answer": answer, "error": error, "deciding": rows}


def _headers(text: str) -> Iterator[dict[str, str]]:
    """Yield the headers of a text that has each in a line.

    Raises:
        ValueError: a line is not a header.
    """
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(gettext("{line}: write a header such as X-Department: sales").format(line=line))
        yield {"name": name.strip(), "value": value.strip()}
