"""The list of recorded calls: the latest first, in pages."""

import asyncio
from itertools import count
from unittest.mock import patch

from hypothesis import given, strategies as st

from agenthost._host.recording import listed_calls
from agenthost._host.recording.listed_calls import latest_rows, list_call, matches
from agenthost.state import Stores
from agenthost.state.memory import MemoryEntries

NOW = 1_790_000_000
DAY = 86400.0


def listed(ages, most, wanted=lambda _: True):
    """List calls of some ages in seconds, and return the IDs of each page."""
    stores = Stores(MemoryEntries(lambda: 0.0))

    async def run():
        for number, age in enumerate(ages):
            with patch.object(listed_calls.time, "time", lambda age=age: NOW - age):
                await list_call(stores, f"{number}/s", {"id": str(number)}, DAY)
        before = ""
        for _ in count():
            rows = await latest_rows(stores, wanted, most=most, before=before)
            yield [int(row["id"]) for row in rows]
            if len(rows) < most:
                return
            before = rows[-1]["key"]

    async def pages():
        with patch.object(listed_calls.time, "time", lambda: NOW):
            return [page async for page in run()]

    return asyncio.run(pages())


@given(st.lists(st.integers(-3600, 40 * 86400), unique=True, max_size=30), st.integers(1, 7))
def test_pages_have_every_call_once_and_the_latest_first(ages, most):
    """Hours or weeks apart, and also from a host whose clock is ahead."""
    pages = listed(ages, most)
    order = sorted(range(len(ages)), key=lambda number: ages[number])

    assert [number for page in pages for number in page] == order
    assert all(len(page) == most for page in pages[:-1])


def test_only_wanted_calls_are_listed():
    assert listed([1, 2, 3, 4], 1, lambda row: int(row["id"]) % 2) == [[1], [3], []]


def test_a_record_that_is_written_again_is_listed_once():
    stores = Stores(MemoryEntries(lambda: 0.0))

    async def run():
        for words in ("first", "again"):
            await list_call(stores, "a/s", {"id": "a", "summary": {"raw": words}}, DAY)
        return await latest_rows(stores, lambda _: True, most=5)

    assert [row["summary"] for row in asyncio.run(run())] == ["again"]


def test_a_call_is_found_by_its_parts():
    stores = Stores(MemoryEntries(lambda: 0.0))
    record = {
        "id": "call-1",
        "agent": "clinic",
        "caller": "…0100",
        "summary": {"raw": "A visit."},
        "log": [{"role": "user", "content": "On Monday"}, {"role": "assistant", "content": "Tuesday?"}],
        "functions": [{"answer": {"error_id": "e-1"}}, {"answer": {}}],
    }

    async def run():
        await list_call(stores, "a/s", record, DAY)
        return await latest_rows(stores, lambda _: True, most=5)

    [row] = asyncio.run(run())

    assert (row["functions"], row["errors"]) == (2, ["e-1"])
    assert [text for text in ("ALL-1", "clin", "0100", "visit", "monday", "e-1") if not matches(row, text)] == []
    assert [text for text in ("tuesday", "e-", "nobody") if matches(row, text)] == []
