"""Updates that read only what another process has written."""

import asyncio
import time

import pytest

from agenthost.builtin.state_memory import MemoryEntries
from agenthost.state import Scope, Store
from agenthost.state.own_writes import OwnWrites


class Counting:
    """Entries whose reads and writes are counted."""

    def __init__(self):
        self._entries, self.done = MemoryEntries(time.time), []

    async def read(self, key):
        self.done.append("read")
        await asyncio.sleep(0)
        return await self._entries.read(key)

    async def put_if(self, *given):
        self.done.append("put_if")
        await asyncio.sleep(0)
        return await self._entries.put_if(*given)


@pytest.fixture
def run():
    """Run a test with the writes of two processes to one store."""

    def go(test, **options):
        entries = Counting()
        store = Store(entries, Scope("host", "own"))
        asyncio.run(test(OwnWrites(store, **options), OwnWrites(store), entries.done))

    return go


def plus(number):
    return lambda numbers: [*numbers, number]


async def write(writes, number, key="n", **more):
    return await writes.update(key, plus(number), [], ttl=60.0, **more)


def test_an_own_entry_is_not_read_again(run):
    async def test(one, _, done):
        await write(one, 1)
        await write(one, 2)
        assert await write(one, 3) == [1, 2, 3]
        assert done == ["read", "put_if", "put_if", "put_if"]

    run(test)


def test_a_new_entry_is_not_read_where_it_is_expected_to_be_absent(run):
    async def test(one, other, done):
        assert await write(one, 1, absent=True) == [1]
        assert done == ["put_if"]
        assert await write(other, 2, absent=True) == [1, 2]  # it is there

    run(test)


def test_writes_of_another_process_are_not_lost(run):
    async def test(one, other, done):
        await write(one, 1)
        await write(other, 2)
        assert await write(one, 3) == [1, 2, 3]

    run(test)


def test_many_writes_at_once_are_not_lost(run):
    async def test(one, other, _):
        await asyncio.gather(*(write((one, other)[number % 2], number) for number in range(20)))
        assert sorted(await one.get("n")) == list(range(20))

    run(test)


def test_a_function_that_refuses_decides_on_the_stored_value(run):
    def first(numbers):
        if len(numbers) != 2:
            raise ValueError(len(numbers))
        return []

    async def test(one, other, _):
        await write(one, 1)
        await write(other, 2)
        assert await one.update("n", first, [], ttl=60.0) == []
        with pytest.raises(ValueError, match="0"):
            await one.update("n", first, [], ttl=60.0)

    run(test)


def test_a_read_value_is_remembered(run):
    async def test(one, other, done):
        await write(one, 1)
        assert await other.get("n") == [1]
        assert await other.get("missing", 5) == 5
        done.clear()
        assert await write(other, 2) == [1, 2]
        assert done == ["put_if"]

    run(test)


def test_the_oldest_entries_are_forgotten(run):
    async def test(one, _, done):
        for key in "abc":
            await write(one, 1, key)
        done.clear()
        await write(one, 2, "c")
        await write(one, 2, "a")
        assert done == ["put_if", "read", "put_if"]

    run(test, most=2)


def test_a_forgotten_entry_is_read_again(run):
    async def test(one, _, done):
        await write(one, 1)
        one.forget("n")
        done.clear()
        assert await write(one, 2) == [1, 2]
        assert done == ["read", "put_if"]

    run(test)
