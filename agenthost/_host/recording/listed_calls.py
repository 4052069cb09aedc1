"""The list of recorded calls: a row for each record, by time.

Keys begin with the time, so that the latest rows are found without listing the others.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from agenthost.state import Store, Stores

__all__ = ["ROWS", "latest_rows", "list_call", "matches"]

ROWS = "listed calls"
_DIGITS, _PERIOD = 16, 10
"""Digits of a time in microseconds, and of the periods of about three hours by which keys are looked for."""
_PERIODS = 10
"""Periods after which all remaining keys are listed at once."""
_AT_ONCE = 25
"""Rows that are read together, as others use the event loop, too."""
_LONGEST_SUMMARY, _LONGEST_WORDS = 200, 400
_SEARCHED = ("id", "agent", "caller", "summary", "words")


async def list_call(stores: Stores, name: str, record: Mapping[str, Any], ttl: float) -> None:
    """List a record under the name that it is stored under.

    Raises:
        StateUnavailable: the store does not answer.
    """
    await _store(stores).set(f"{_time_of(0)}/{name}", _row(record), ttl=ttl)


async def latest_rows(
    stores: Stores, wanted: Callable[[Mapping[str, Any]], bool], *, most: int, before: str = ""
) -> list[dict[str, Any]]:
    """Return the latest rows that are wanted, each with its ``key``.

    ``before`` is the key of a row, and only earlier ones are returned.

    Raises:
        StateUnavailable: the store does not answer.
    """
    found: list[dict[str, Any]] = []
    async for row in _rows(_store(stores), before):
        if wanted(row):
            found.append(row)
            if len(found) == most:
                break
    return found


def matches(row: Mapping[str, Any], text: str) -> bool:
    """Return True if a row contains a text, or an error ID."""
    wanted = text.casefold()
    return any(wanted in str(row.get(name, "")).casefold() for name in _SEARCHED) or wanted in row.get("errors", ())


async def _rows(store: Store, before: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the rows before a key, the latest first, and once for each record."""
    seen: set[str] = set()
    async for keys in _keys(store, before):
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            for key, row in zip(some, await asyncio.gather(*map(store.get, some)), strict=True):
                name = key.partition("/")[2]
                if isinstance(row, dict) and name not in seen:  # it has not expired since, nor been written again
                    seen.add(name)
                    yield {"key": key, **row}


async def _keys(store: Store, before: str) -> AsyncIterator[list[str]]:
    """Yield keys before one, in lists from the latest to the earliest."""
    latest = int(before[:_DIGITS] if before[:_DIGITS].isdecimal() else _time_of(1)) // 10**_PERIOD
    for period in range(latest, latest - _PERIODS, -1):
        found = [key async for key in store.scan(f"{period:0{_DIGITS - _PERIOD}d}")]
        yield sorted([key for key in found if key < before] if before else found, reverse=True)
    rest = f"{latest - _PERIODS + 1:0{_DIGITS - _PERIOD}d}"
    yield sorted([key async for key in store.scan() if key < rest], reverse=True)


def _time_of(periods: int) -> str:
    """Return the time that is some periods from now, as keys have it."""
    return f"{int(time.time() * 1_000_000) + periods * 10**_PERIOD:0{_DIGITS}d}"


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    said = (line.get("content") for line in record.get("log", ()) if line.get("role") == "user")
    functions = record.get("functions", ())
    summary = record.get("summary")
    return {
        **{name: record.get(name) for name in ("id", "agent", "package", "version", "caller", "began", "ended")},
        "functions": len(functions),
        "errors": [entry["answer"]["error_id"] for entry in functions if "error_id" in entry["answer"]],
        "summary": _text(summary.get("raw") if isinstance(summary, dict) else "")[:_LONGEST_SUMMARY],
        "words": _text(" ".join(each for each in said if isinstance(each, str)))[:_LONGEST_WORDS],
    }


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _store(stores: Stores) -> Store:
    return stores.own(ROWS)
