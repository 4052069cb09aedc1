"""Slots: a number of them, and a line of those who wait."""

from __future__ import annotations

import asyncio

import pytest

from agenthost._host.calls.concurrency import Busy, Slots


def test_as_many_as_there_are_go_on_at_once():
    async def main():
        slots = Slots(2)
        await slots.take(0)
        await slots.take(0)
        with pytest.raises(Busy):
            await slots.take(0.01)
        slots.give_back()
        await slots.take(0)

    asyncio.run(main())


def test_the_first_that_came_is_the_first_to_go_on():
    async def main():
        slots, order = Slots(1), []
        await slots.take(0)

        async def wait(name):
            await slots.take(60)
            order.append(name)
            slots.give_back()

        waiting = [asyncio.create_task(wait(name)) for name in "abc"]
        await asyncio.sleep(0)
        slots.give_back()
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(main()) == ["a", "b", "c"]


@pytest.mark.parametrize("given_before", [False, True])
def test_who_goes_away_takes_nothing_along(given_before):
    """Also when its turn comes in the very moment in which it is cancelled."""

    async def main():
        slots = Slots(1)
        await slots.take(0)
        gone = asyncio.create_task(slots.take(60))
        stays = asyncio.create_task(slots.take(60))
        await asyncio.sleep(0)
        if given_before:
            slots.give_back()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        if not given_before:
            slots.give_back()
        await stays
        slots.give_back()
        await slots.take(0)

    asyncio.run(main())


def test_who_has_lost_patience_is_not_waited_for():
    async def main():
        slots = Slots(1)
        await slots.take(0)
        for _ in range(3):
            with pytest.raises(Busy):
                await slots.take(0.001)
        slots.give_back()
        await slots.take(0)

    asyncio.run(main())
