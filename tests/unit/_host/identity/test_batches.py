"""Updates of one entry that are written together."""

import asyncio

import pytest

from agenthost import StateRefused, StateUnavailable
from agenthost._host.identity.batches import Batches
from agenthost.builtin.state_memory import memory_provider
from agenthost.state import Scope, StateOptions, Store


class Slow:
    """Entries whose writes take a moment, and are counted."""

    def __init__(self, entries):
        self._entries, self.writes, self.down = entries, 0, False

    def __getattr__(self, name):
        return getattr(self._entries, name)

    async def put_if(self, *given):
        self.writes += 1
        await asyncio.sleep(0.01)
        if self.down:
            raise StateUnavailable("down")
        return await self._entries.put_if(*given)


@pytest.fixture
def run():
    def go(test):
        async def main():
            entries = Slow(await memory_provider().open("memory://", StateOptions()))
            store = Store(entries, Scope("host", "batches"))
            await test(Batches(store), store, entries)

        asyncio.run(main())

    return go


def adding(item):
    return lambda items: [*items, item]


def refusing(_):
    raise KeyError("refused")


def test_updates_of_one_moment_are_few_writes(run):
    async def test(batches, store, entries):
        await asyncio.gather(*(batches.update("k", adding(number), ttl=60) for number in range(100)))
        assert await store.get("k") == list(range(100))
        assert entries.writes <= 2

    run(test)


def test_a_function_that_raises_harms_no_other(run):
    async def test(batches, store, _):
        changes = (adding(1), refusing, adding(2))
        done = await asyncio.gather(*(batches.update("k", each, ttl=60) for each in changes), return_exceptions=True)
        assert [type(each) for each in done] == [type(None), KeyError, type(None)]
        assert await store.get("k") == [1, 2]

    run(test)


def test_a_value_that_is_too_large_is_refused_alone(run):
    async def test(batches, store, _):
        changes = (adding(1), adding("x" * 300_000), adding(2))
        done = await asyncio.gather(*(batches.update("k", each, ttl=60) for each in changes), return_exceptions=True)
        assert [type(each) for each in done] == [type(None), StateRefused, type(None)]
        assert await store.get("k") == [1, 2]

    run(test)


def test_a_store_that_is_down_fails_all_that_wait_and_no_later_one(run):
    async def test(batches, store, entries):
        entries.down = True
        done = await asyncio.gather(
            *(batches.update("k", adding(each), ttl=60) for each in range(3)), return_exceptions=True
        )
        assert {type(each) for each in done} == {StateUnavailable}
        entries.down = False
        await batches.update("k", adding(9), ttl=60)
        assert await store.get("k") == [9]

    run(test)


def test_a_request_that_is_cancelled_does_not_stop_the_others(run):
    async def test(batches, store, _):
        first = asyncio.create_task(batches.update("k", adding(1), ttl=60))
        second = asyncio.create_task(batches.update("k", adding(2), ttl=60))
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert await store.get("k") == [1, 2]

    run(test)
