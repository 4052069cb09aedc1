"""The page of calls: recent ones, and recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost._host.recording.listed_calls import latest_rows, matches
from agenthost._web.console.calls.host_lines import host_lines, shows
from agenthost._web.console.calls.story import ended
from agenthost._web.console.texts import gettext
from agenthost.errors import StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["calls_page", "recent_calls"]

LINES_OF_CALLS = {"logger": "agenthost.calls"}
_MOST_RECENT, _MOST_RECORDED = 30, 50
_MOST_LETTERS = 200


async def calls_page(asked: PageRequest) -> Answer:
    """Return the page of calls, or of those that have a text."""
    wanted = (asked.query("q") or "").strip()[:_MOST_LETTERS]
    before = (asked.query("before") or "")[:_MOST_LETTERS]
    recent = [] if before else await recent_calls(asked, wanted)
    recorded, problem = ([], "") if asked.live else await _recorded(asked, wanted, before)
    shown = recorded[:_MOST_RECORDED]
    told = {"recent": recent, "recorded": shown, "problem": problem, "next": ""}
    if len(recorded) > len(shown):
        told["next"] = shown[-1]["key"]
    if asked.as_json:
        return asked.json(told)
    days = asked.request.rules.settings.config.recording.days
    return await asked.page("calls", **told, wanted=wanted, before=before, days=days)


async def recent_calls(asked: PageRequest, wanted: str = "") -> list[dict[str, Any]]:
    """Return the recent calls that have a text, the latest first."""
    lines = await host_lines(asked.request, LINES_OF_CALLS)
    calls: dict[str, list[Mapping[str, Any]]] = {}
    for line in reversed(lines):
        if line.get("call"):
            calls.setdefault(str(line["call"]), []).insert(0, line)
    rows = (_row(call, lines) for call, lines in calls.items())
    text = wanted.casefold()
    found = [row for row in rows if not text or any(text in str(value).casefold() for value in row.values())]
    return found[:_MOST_RECENT]


def _row(call: str, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    agents = dict.fromkeys(str(line.get("agent")) for line in lines)
    return {
        "id": call,
        "agents": list(agents),
        "first": lines[0]["timestamp"],
        "last": lines[-1]["timestamp"],
        "ended": ended((), lines),
        "parts": len(lines),
        "failed": sum(line.get("outcome") != "ok" for line in lines),
        "errors": [line["error_id"] for line in lines if line.get("error_id")],
    }


async def _recorded(asked: PageRequest, wanted: str, before: str) -> tuple[list[dict[str, Any]], str]:
    """Return one row more than a page has, or the reason for none."""

    def is_wanted(row: Mapping[str, Any]) -> bool:
        return (not wanted or matches(row, wanted)) and shows(asked.request, row.get("agent"))

    stores = asked.request.site.runtime.state.serving()
    try:
        return await latest_rows(stores, is_wanted, most=_MOST_RECORDED + 1, before=before), ""
    except StateUnavailable as error:
        return [], gettext("The recorded calls cannot be read: {error}").format(error=error)
