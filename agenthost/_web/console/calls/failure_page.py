"""The page of a failure, by its error ID: its traceback, and the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._web.console.calls.host_lines import host_lines

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["failure_page"]

_FOUND, _UNKNOWN = 200, 404


async def failure_page(asked: PageRequest) -> Answer:
    """Return the page of a failure, from the recent lines of the host's log."""
    [error_id] = asked.names
    lines = await host_lines(asked.request, {"error": error_id})
    told = {
        "error_id": error_id,
        "lines": lines,
        "traces": [each for each in lines if "exception" in each],
        "agent": next((each["agent"] for each in lines if each.get("agent")), None),
        "call": next((each["call"] for each in lines if each.get("call")), None),
    }
    status = _FOUND if lines else _UNKNOWN
    return asked.json(told, status) if asked.as_json else await asked.page("failure", status=status, **told)
