"""The effect of a deadline on the task that entered it."""

import asyncio
import time

import pytest

from agenthost._host.calls.deadline import Deadline


async def bounded(seconds, block):
    with Deadline(seconds):
        return await block


def test_a_block_that_ends_in_time_is_left_alone():
    """Nothing is cancelled later either, when the time has passed."""

    async def main():
        result = await bounded(0.2, asyncio.sleep(0, "done"))
        await asyncio.sleep(0.25)
        return result, asyncio.current_task().cancelling()

    assert asyncio.run(main()) == ("done", 0)


def test_a_block_that_is_late_ends_with_timeout_error():
    """The task itself goes on."""

    async def main():
        with pytest.raises(TimeoutError):
            await bounded(0.01, asyncio.sleep(30))
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(main()) == 0


def test_a_task_that_somebody_else_cancels_is_cancelled():
    """Before its time, and also in the very moment in which its time is up."""

    async def main(late):
        task = asyncio.ensure_future(bounded(0.2 if late else 30, asyncio.sleep(30)))
        await asyncio.sleep(0)
        if late:
            asyncio.get_running_loop().call_later(0.2, task.cancel)
            time.sleep(0.3)  # noqa: ASYNC251 - both are due at once
        else:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main(late=False))
    asyncio.run(main(late=True))


def test_an_error_of_the_block_stays_what_it_is():
    async def failing():
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(bounded(30, failing()))


def test_the_inner_of_two_deadlines_ends_its_own_block_only():
    async def main():
        with Deadline(30):
            with pytest.raises(TimeoutError):
                await bounded(0.01, asyncio.sleep(30))
            return "outside"

    assert asyncio.run(main()) == "outside"
