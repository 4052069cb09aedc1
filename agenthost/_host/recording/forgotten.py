"""Forgetting callers: their records, and the rows that list them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agenthost._host.recording.kept_records import RECORDS
from agenthost._host.recording.listed_calls import ROWS
from agenthost._host.recording.record import SHOWN_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost.state import Store, Stores

__all__ = ["SHOWN_DIGITS", "forget_caller", "names_of_caller"]

_NUMBER = re.compile(rf"[+0-9 ()./-]*[0-9]{{{SHOWN_DIGITS}}}")


async def names_of_caller(stores: Stores, caller: str) -> set[str]:
    """Return the names of the records of a caller.

    They are those of a call with this ID, or of numbers that end with the digits of this one.

    Raises:
        StateUnavailable: the store does not answer.
    """
    digits = f"…{caller[-SHOWN_DIGITS:]}" if _NUMBER.fullmatch(caller) else None

    def matches(entry: Mapping[str, Any]) -> bool:
        return entry.get("id") == caller or (digits is not None and entry.get("caller") == digits)

    listed = await _keys(stores.own(ROWS), matches)
    return {*await _keys(stores.own(RECORDS), matches), *(key.partition("/")[2] for key in listed)}


async def forget_caller(stores: Stores, caller: str) -> int:
    """Remove the records of a caller, as ``names_of_caller`` finds them, and return their number.

    Raises:
        StateUnavailable: the store does not answer.
    """
    names, records, rows = await names_of_caller(stores, caller), stores.own(RECORDS), stores.own(ROWS)
    for name in names:
        await records.delete(name)
    for key in [key async for key in rows.scan() if key.partition("/")[2] in names]:
        await rows.delete(key)
    return len(names)


async def _keys(store: Store, matches: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    found = []
    async for key in store.scan():
        entry = await store.get(key)
        if isinstance(entry, dict) and matches(entry):
            found.append(key)
    return found
