"""The page of one call: its picture, its events, and the measurements of the platform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenthost._host.recording.kept_records import find_records, redacting
from agenthost._host.recording.record import changes_of
from agenthost._web.console.calls.calls_page import LINES_OF_CALLS
from agenthost._web.console.calls.host_lines import host_lines, shows
from agenthost._web.console.calls.story import ended, picture_of, story_of
from agenthost._web.endpoints.post_prompt import notes_of
from agenthost._web.request.requests import Refused
from agenthost.errors import StateUnavailable

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["call_page", "records_of"]

_MEASURED = ("timeline", "times", "usage")


async def call_page(asked: PageRequest) -> Answer:
    """Return the page of the call that the query names.

    Raises:
        Refused: neither the store nor the log has this call.
    """
    call = asked.query("id") or ""
    records = await records_of(asked, call)
    lines = await host_lines(asked.request, {**LINES_OF_CALLS, "call": call})
    changes = await _changes(asked, call)
    if not call or not (records or lines or changes):
        raise Refused(404)
    events = story_of(records, lines, changes)
    told = {"id": call, "ended": ended(records, lines), "events": events, "records": records}
    if asked.as_json:
        return asked.json(told)
    agents = list(dict.fromkeys(str(each["agent"]) for each in (*records, *lines, *changes) if each.get("agent")))
    measured = [_measured(each) for each in records]
    return await asked.page("call", **told, agents=agents, picture=picture_of(events, agents), measured=measured)


async def records_of(asked: PageRequest, call: str) -> list[dict[str, Any]]:
    """Return the records of a call that the principal may see."""
    stores = asked.request.site.runtime.state.serving()
    try:
        records = await find_records(stores, call) if call else []
    except StateUnavailable:
        return []
    return [each for each in records if shows(asked.request, each.get("agent"))]


async def _changes(asked: PageRequest, call: str) -> list[dict[str, Any]]:
    """Return the changes of shared state in a call that the principal may see.

    They are noted while calls are recorded.
    """
    request = asked.request
    config = request.rules.settings.config
    if not call or not config.recording.days:
        return []
    redact = redacting(config, request.published.plan.redactors)
    changes = changes_of(await notes_of(request.site, call), redact)
    return [each for each in changes if shows(request, each["agent"])]


def _measured(record: dict[str, Any]) -> dict[str, str]:
    """Return what the platform has measured, and the global data at the end, as JSON."""
    found = {name: record.get(name) for name in ("global_data", *_MEASURED)}
    return {name: json.dumps(value, indent=1, ensure_ascii=False) for name, value in found.items() if value}
