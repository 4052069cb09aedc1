"""Coroutines and their deadlines: whoever waits is answered, whatever the coroutine thinks of it."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from agenthost._host.calls.abandon import until
from agenthost._host.calls.deadline import Deadline

SOON, NEVER = 0.05, 60.0


@pytest.fixture(params=[True, False], ids=["at once", "once it waits"])
def wait_for(request):
    """Awaits something within a deadline; gives what came of it, and the task that was left behind."""

    async def wait(work, seconds):
        deadline = Deadline(seconds, at_once=request.param)
        try:
            with deadline:
                return await until(work, deadline), deadline.left
        except TimeoutError:
            return TimeoutError, deadline.left

    return wait


async def stubborn(ended, go_on):
    while not go_on.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await go_on.wait()
    ended.append(True)


async def waits_for_a_task(ended, go_on):
    await asyncio.create_task(stubborn(ended, go_on))


async def waits_for_many(ended, go_on):
    await asyncio.gather(stubborn(ended, go_on), asyncio.sleep(0))


async def waits_in_a_group(ended, go_on):
    async with asyncio.TaskGroup() as group:
        group.create_task(stubborn(ended, go_on))


async def waits_shielded(ended, go_on):
    task = asyncio.create_task(stubborn(ended, go_on))
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)


@pytest.mark.parametrize("work", [stubborn, waits_for_a_task, waits_for_many, waits_in_a_group, waits_shielded])
def test_what_takes_no_notice_of_its_deadline_is_left_behind(wait_for, work):
    """Its caller goes on at once, and it runs to its own end in a task."""

    async def main():
        ended, go_on = [], asyncio.Event()
        outcome, left = await wait_for(work(ended, go_on), SOON)
        before = list(ended)
        go_on.set()
        await asyncio.wait((left,), timeout=30)
        return outcome, before, ended, left.done()

    assert asyncio.run(main()) == (TimeoutError, [], [True], True)


@pytest.mark.parametrize("work", [lambda: asyncio.sleep(NEVER), lambda: asyncio.gather(asyncio.sleep(NEVER))])
def test_what_ends_at_its_deadline_leaves_nothing_that_stays(wait_for, work):
    async def awaiting():
        await work()

    async def main():
        outcome, left = await wait_for(awaiting(), SOON)
        if left is not None:
            await asyncio.wait((left,), timeout=30)
        return outcome, left is None or left.done()

    assert asyncio.run(main()) == (TimeoutError, True)


async def in_steps():
    await asyncio.sleep(0)
    task = asyncio.create_task(asyncio.sleep(0.001, "task"))
    return [await task, *await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0.001, 2)), await asyncio.sleep(0, 3)]


async def with_a_time_of_its_own():
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.create_task(asyncio.sleep(NEVER))
    return "in time"


async def in_its_own_task():
    return asyncio.current_task().get_name()


@pytest.mark.parametrize(
    ("work", "expected"),
    [(in_steps, ["task", 1, 2, 3]), (with_a_time_of_its_own, "in time"), (in_its_own_task, "of the caller")],
)
def test_a_coroutine_runs_as_if_it_were_awaited(wait_for, work, expected):
    """In the task of its caller, with time limits of its own."""

    async def main():
        asyncio.current_task().set_name("of the caller")
        return await wait_for(work(), 30)

    assert asyncio.run(main()) == (expected, None)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_it_raises_is_raised(wait_for, error):
    async def failing():
        await asyncio.sleep(0)
        raise error

    async def main():
        try:
            await wait_for(failing(), 30)
        except BaseException as raised:  # noqa: BLE001 - it is compared
            return raised

    assert asyncio.run(main()) is error


def test_the_cancellation_of_the_caller_reaches_it(wait_for):
    async def main():
        seen = []

        async def working():
            try:
                await asyncio.create_task(asyncio.sleep(NEVER))
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.create_task(wait_for(working(), NEVER))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen

    assert asyncio.run(main()) == ["cancelled"]


def test_what_waits_for_nothing_has_no_timer():
    """As most tools do, which a timer would cost more than all the rest of a deadline."""

    async def main():
        loop, set_timers = asyncio.get_running_loop(), []
        loop.call_at = lambda *arguments, **_: set_timers.append(arguments)

        async def working():
            return "done"

        with (deadline := Deadline(30, at_once=False)):
            return await until(working(), deadline), set_timers

    assert asyncio.run(main()) == ("done", [])


def test_the_time_before_it_waits_counts_too(wait_for):
    """A coroutine that has used up its time when it first waits does not get it once more."""

    async def late():
        time.sleep(0.3)  # noqa: ASYNC251 - what this is about
        for _ in range(5):
            await asyncio.sleep(0)
        return "too late"

    assert asyncio.run(wait_for(late(), 0.2)) == (TimeoutError, None)
