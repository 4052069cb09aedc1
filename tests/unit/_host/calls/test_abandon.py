"""Coroutines and their deadlines: the caller goes on, even if the coroutine ignores its cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import time
import weakref

import pytest

from agenthost._host.calls.abandon import bounded

SOON, NEVER = 0.05, 60.0
LATE = "late"


async def within(seconds, function, cut_off=lambda: None):
    """Run a coroutine function, and return its outcome and the abandoned tasks."""
    left, cut = [], []
    try:
        return await bounded(function(), seconds, left.append, cut_off=lambda: cut.append(cut_off())), left
    except TimeoutError:
        if not cut:
            raise
        return LATE, left


class Stubborn:
    """Goes on until it is allowed to end."""

    def __init__(self):
        self.go_on, self.ended = asyncio.Event(), False

    async def works(self):
        while not self.go_on.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.go_on.wait()
        self.ended = True

    async def waits_for_a_task(self):
        await asyncio.create_task(self.works())

    async def waits_for_many(self):
        await asyncio.gather(self.works(), asyncio.sleep(0))

    async def waits_in_a_group(self):
        async with asyncio.TaskGroup() as group:
            group.create_task(self.works())

    async def waits_shielded(self):
        task = asyncio.create_task(self.works())
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(task)


@pytest.mark.parametrize("how", ["works", "waits_for_a_task", "waits_for_many", "waits_in_a_group", "waits_shielded"])
def test_what_ignores_its_cancellation_is_left_behind(how):
    """Its caller goes on, and it runs to its own end."""

    async def main():
        stubborn = Stubborn()
        outcome, (left,) = await within(SOON, getattr(stubborn, how))
        before = stubborn.ended
        stubborn.go_on.set()
        await asyncio.wait((left,), timeout=30)
        return outcome, before, stubborn.ended, left.done()

    assert asyncio.run(main()) == (LATE, False, True, True)


def test_a_caller_that_is_cancelled_leaves_it_too():
    async def main():
        stubborn, left = Stubborn(), []
        caller = asyncio.create_task(bounded(stubborn.works(), NEVER, left.append))
        await asyncio.sleep(0.01)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(caller, 30)
        before = stubborn.ended
        stubborn.go_on.set()
        await asyncio.wait(left, timeout=30)
        return before, stubborn.ended

    assert asyncio.run(main()) == (False, True)


async def sleeps():
    await asyncio.sleep(NEVER)


async def gathers():
    await asyncio.gather(asyncio.sleep(NEVER))


async def clears_up():
    try:
        await asyncio.sleep(NEVER)
    finally:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("work", [sleeps, gathers, clears_up])
def test_what_ends_at_its_deadline_leaves_nothing(work):
    assert asyncio.run(within(SOON, work)) == (LATE, [])


async def in_steps():
    await asyncio.sleep(0)
    task = asyncio.create_task(asyncio.sleep(0.001, "task"))
    return [await task, *await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0.001, 2)), await asyncio.sleep(0, 3)]


async def with_a_time_of_its_own():
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.create_task(asyncio.sleep(NEVER))
    return "in time"


async def gives_something_at_its_deadline():
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(NEVER)
    return "partly"


@pytest.mark.parametrize(
    ("work", "seconds", "expected"),
    [
        (in_steps, 30, ["task", 1, 2, 3]),
        (with_a_time_of_its_own, 30, "in time"),
        (gives_something_at_its_deadline, SOON, "partly"),
    ],
)
def test_what_it_returns_is_returned(work, seconds, expected):
    assert asyncio.run(within(seconds, work)) == (expected, [])


@pytest.mark.parametrize(
    "error", [ValueError("x"), TimeoutError("its own"), asyncio.CancelledError(), SystemExit(3), KeyboardInterrupt()]
)
@pytest.mark.parametrize("begins", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(0.01)])
def test_what_it_raises_is_raised(error, begins):
    """In the caller's task: what would end the event loop does not."""

    async def failing():
        await begins()
        raise error

    async def main():
        try:
            await within(30, failing)
        except BaseException as raised:  # noqa: BLE001 - it is compared
            return raised

    assert asyncio.run(main()) is error


def test_an_error_is_not_kept():
    """Neither it nor its traceback waits for a collection of garbage."""

    class AuthorsError(Exception):
        """Can be referred to weakly."""

    async def failing():
        raise AuthorsError

    async def main():
        try:
            await within(30, failing)
        except AuthorsError as error:
            return weakref.ref(error)

    gc.disable()
    try:
        assert asyncio.run(main())() is None
    finally:
        gc.enable()


def test_the_cancellation_of_the_caller_reaches_it():
    async def main():
        seen = []

        async def working():
            try:
                await asyncio.create_task(asyncio.sleep(NEVER))
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        task = asyncio.create_task(within(NEVER, working, cut_off=lambda: seen.append("cut off")))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen

    assert asyncio.run(main()) == ["cut off", "cancelled"]


def test_what_is_left_behind_does_not_cancel_its_caller():
    """The time limit of a coroutine cancels its own task, not its caller's."""

    async def retries():
        async with asyncio.timeout(3 * SOON):
            for _ in range(2):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(NEVER)

    async def main():
        outcome, (left,) = await within(SOON, retries)
        await asyncio.wait((left,), timeout=30)
        await asyncio.sleep(0)
        return outcome, asyncio.current_task().cancelling()

    assert asyncio.run(main()) == (LATE, 0)


def test_what_waits_for_nothing_has_no_timer():
    """Most tools do not wait, and a timer costs as much as the task."""

    async def main():
        loop, set_timers = asyncio.get_running_loop(), []
        loop.call_at = lambda *arguments, **_: set_timers.append(arguments)

        async def working():
            return "done"

        return await within(30, working), set_timers

    assert asyncio.run(main()) == (("done", []), [])


def test_the_time_before_it_waits_counts_too():
    """A coroutine that has used up its time before its first wait is cancelled."""

    async def late():
        time.sleep(0.3)  # noqa: ASYNC251 - what this is about
        for _ in range(5):
            await asyncio.sleep(0)
        return "too late"

    assert asyncio.run(within(0.2, late)) == (LATE, [])


def test_a_first_step_that_cancels_its_own_task_does_so_to_no_other():
    """The task of a first step is used again, so it must not be cancelled."""

    async def cancels(*, then):
        asyncio.current_task().cancel()
        await then()
        return "done"

    async def nothing():
        pass

    async def works():
        await asyncio.sleep(0.001)
        return "worked"

    async def main():
        with contextlib.suppress(asyncio.CancelledError):  # Python 3.12 and later
            assert await within(30, lambda: cancels(then=nothing)) == ("done", [])
        seen = [await within(30, works)]
        with pytest.raises(asyncio.CancelledError):
            await within(30, lambda: cancels(then=lambda: asyncio.sleep(NEVER)))
        return [*seen, await within(30, works), asyncio.current_task().cancelling()]

    assert asyncio.run(main()) == [("worked", []), ("worked", []), 0]


def test_what_waits_first_is_cancelled_with_it():
    """Even if that happens before its task has run."""

    async def main():
        inner = asyncio.create_task(asyncio.sleep(NEVER))

        async def waits():
            await asyncio.gather(inner)

        caller = asyncio.create_task(within(NEVER, waits))
        asyncio.get_running_loop().call_soon(caller.cancel)
        with pytest.raises(asyncio.CancelledError):
            await caller
        return inner.cancelled()

    assert asyncio.run(main())


def test_first_steps_have_a_task_and_a_context_of_their_own():
    """The loop has the task once it waits, and the caller is current again."""
    variable = contextvars.ContextVar("variable", default="caller's")

    async def outer():
        task = asyncio.current_task()
        variable.set("outer's")
        inner = await bounded(seen(), 30, print)
        await asyncio.sleep(0)
        return task, inner, task in asyncio.all_tasks(), variable.get()

    async def seen():
        task, words = asyncio.current_task(), variable.get()
        variable.set("inner's")
        return task, words

    async def main():
        me = asyncio.current_task()
        task, (inner, words), among, later = await bounded(outer(), 30, print)
        others = {task, inner} - {me}
        return len(others), words, among, later, variable.get(), asyncio.current_task() is me

    assert asyncio.run(main()) == (2, "outer's", True, "outer's", "caller's", True)
