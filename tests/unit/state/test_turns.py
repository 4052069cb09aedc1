"""Turns at keys: in the order of arrival, and never lost."""

import asyncio
import time

import pytest
from hypothesis import given, strategies as st

from agenthost.builtin.state_memory import MemoryEntries
from agenthost.state import Scope, Store
from agenthost.state.turns import Turns


class Slow:
    """Entries that take two turns of the event loop for each operation."""

    def __init__(self, entries):
        self._entries = entries

    async def read(self, key):
        await asyncio.sleep(0)
        return await self._entries.read(key)

    async def put_if(self, *arguments):
        await asyncio.sleep(0)
        return await self._entries.put_if(*arguments)


async def waits(turns, key, order, number, until):
    async with turns.at(turns, key):
        order.append(number)
        await until


def test_writers_of_one_key_take_turns_in_the_order_of_arrival():
    """Each of sixteen is called once: nothing is compared in vain."""

    async def main():
        store, seen = Store(Slow(MemoryEntries(time.time)), Scope("host", "desk")), []

        async def writes(number):
            def added(numbers):
                seen.append(number)
                return [*numbers, number]

            await store.update("numbers", added, [])

        await asyncio.gather(*(writes(number) for number in range(16)))
        return seen, await store.get("numbers")

    seen, kept = asyncio.run(main())
    assert seen == kept == list(range(16))


def test_writers_of_other_keys_do_not_wait():
    async def main():
        turns, order, never = Turns(), [], asyncio.Event()
        first = asyncio.create_task(waits(turns, b"a", order, 1, never.wait()))
        await asyncio.sleep(0)
        await waits(turns, b"b", order, 2, asyncio.sleep(0))
        first.cancel()
        return order

    assert asyncio.run(main()) == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=12), st.integers(1, 8))
def test_a_turn_is_passed_on_whoever_is_cancelled(cancelled, number):
    """All others have their turn, one at a time, and nothing stays."""

    async def main():
        turns, order, inside = Turns(), [], set()

        async def works(mine):
            async with turns.at(turns, b"key"):
                assert not inside
                inside.add(mine)
                try:
                    await asyncio.sleep(0)
                finally:
                    inside.discard(mine)
                order.append(mine)

        tasks = [asyncio.create_task(works(mine)) for mine in range(number)]
        gone = set()
        for who, pauses in cancelled:
            for _ in range(pauses):
                await asyncio.sleep(0)
            if who < number and tasks[who].cancel():
                gone.add(who)
        await asyncio.wait(tasks, timeout=30)
        assert not turns._waiting
        return order, gone

    order, gone = asyncio.run(main())
    assert order == sorted(order)
    assert set(order) | gone == set(range(number))


def test_what_fails_passes_its_turn_on():
    async def main():
        store = Store(MemoryEntries(time.time), Scope("host", "desk"))
        with pytest.raises(ZeroDivisionError):
            await store.update("key", lambda _: 1 / 0)
        return await asyncio.wait_for(store.update("key", lambda value: value + 1, 1), 30)

    assert asyncio.run(main()) == 2
