"""The overview: problems first, then agents, workers and parts of the host."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["overview_page"]

_MOST_ROWS = 200
"""Agents on the overview. A filter finds the others."""
_REFRESHED = 5
"""Seconds after which a page is loaded again, where its reader wants that."""


async def overview_page(asked: PageRequest) -> Answer:
    """Return the overview of the host."""
    status = await asked.status()
    if asked.as_json:
        return asked.json(status)
    wanted, refresh = asked.query("q") or "", asked.query("refresh") is not None
    found = _agents(status, wanted)
    code, headers, body = await asked.page(
        "overview",
        host=status,
        now=time.time(),
        wanted=wanted,
        agents=found[:_MOST_ROWS],
        left=len(found) - _MOST_ROWS,
        refresh=refresh,
        seconds=_REFRESHED,
    )
    return code, [*headers, *([(b"refresh", b"%d" % _REFRESHED)] if refresh else [])], body


def _agents(status: Mapping[str, Any], wanted: str) -> list[Mapping[str, Any]]:
    """Return the agents that match a text: first problems, then the most used."""

    def rank(agent: Mapping[str, Any]) -> tuple[int, ...]:
        return (agent["state"] == "ready", *(-agent.get(name, 0) for name in ("failures", "running", "calls")))

    names = ("agent", "route", "package", "state")
    found = [each for each in status["agents"] if any(wanted.lower() in str(each[name]).lower() for name in names)]
    return sorted(found, key=rank)
