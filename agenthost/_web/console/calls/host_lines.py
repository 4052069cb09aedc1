"""Recent lines of the host's log, of all its workers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OBSERVE
from agenthost._host.telemetry.call_log import write_now
from agenthost._host.telemetry.recent_lines import recent_lines
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._web.request.site import Request

__all__ = ["host_lines", "shows"]

_WITHIN = 5.0
"""Timeout of the host's answer, in seconds."""


async def host_lines(request: Request, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the recent lines that the principal may see, the oldest first.

    ``wanted`` is as in ``RecentLines.find``. If the host does not answer, they are those of this worker.
    """
    lines = await asyncio.to_thread(_read, request.site.send_command, wanted)
    return [line for line in lines if shows(request, line.get("agent"))]


def shows(request: Request, key: object) -> bool:
    """Return True if the principal may see lines and records of an agent.

    The agent need not be served. ``key`` is None for lines of the host.
    """
    if not key:
        return True
    agent = request.published.plan.find(str(key))
    if agent is not None:
        return request.may(OBSERVE, agent)
    section = request.rules.settings.config.agents.get(str(key))
    return section is None or not section.accepted_passwords


def _read(
    send: Callable[[Mapping[str, Any], float], Mapping[str, Any]] | None, wanted: Mapping[str, str]
) -> list[dict[str, Any]]:
    if send is not None:
        try:
            return list(send({"command": "logs", "wanted": wanted}, _WITHIN)["lines"])
        except AgentHostError:
            pass
    write_now()
    return recent_lines.find(wanted)[0]
