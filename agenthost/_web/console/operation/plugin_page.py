"""The pages of plugins, which show data and no HTML of their own."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from agenthost._host.telemetry.failures import new_error_id
from agenthost._web.console.agents.described import without_secrets
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer
    from agenthost.hosting import ConsolePage

__all__ = ["plugin_page"]

_WITHIN = 5.0
"""Timeout of a plugin, in seconds."""
_MOST_ROWS = 500
_FAILED = 500
_log = logging.getLogger("agenthost.console")


async def plugin_page(asked: PageRequest) -> Answer:
    """Return the page of a plugin.

    Raises:
        Refused: there is no such page.
    """
    plugin, name = asked.names
    path = f"pages/{quote(plugin, safe='')}/{name}"
    found = next((each for where, each in asked.pages_of_plugins() if where == path), None)
    if found is None:
        raise Refused(404)
    value, error_id = await _read(plugin, found)
    status = _FAILED if error_id else 200
    if asked.as_json:
        return asked.json({"error_id": error_id} if error_id else value, status)
    blocks = [] if error_id else _blocks(value)
    return await asked.page(
        "plugin", status=status, title=found.title, error_id=error_id, blocks=blocks, most=_MOST_ROWS, here=path
    )


async def _read(plugin: str, page: ConsolePage) -> tuple[Any, str]:
    """Return what a page shows, or the ID of its failure."""
    try:
        async with asyncio.timeout(_WITHIN):
            value = page.read() if inspect.iscoroutinefunction(page.read) else await asyncio.to_thread(page.read)
            value = await value if inspect.isawaitable(value) else value
        return without_secrets(msgspec.to_builtins(value, str_keys=True)), ""
    except Exception:  # noqa: BLE001 - a plugin may raise anything
        error_id = new_error_id()
        fields = {"error_id": error_id}
        _log.exception("page %s of plugin %s failed (%s)", page.name, plugin, error_id, extra={"fields": fields})
        return None, error_id


def _blocks(value: Any) -> list[dict[str, Any]]:
    """Return a value as paragraphs, terms and tables."""
    if isinstance(value, dict):
        return [{"kind": "terms", "terms": [(name, _text(each)) for name, each in value.items()]}]
    if not isinstance(value, list):
        return [{"kind": "text", "text": _text(value)}]
    if value and all(isinstance(each, dict) for each in value):
        return [_table(value)]
    return [block for each in value for block in (_blocks(each) if not isinstance(each, list) else _texts(each))]


def _table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_text(row.get(name, "")) for name in columns] for row in rows[:_MOST_ROWS]]
    return {"kind": "table", "columns": columns, "rows": cells, "left": len(rows) - _MOST_ROWS}


def _texts(values: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"kind": "text", "text": _text(each)} for each in values]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
