"""Bounding a coroutine in time: one that ignores its cancellation is left behind.

A caller that awaits a coroutine directly cannot leave it while the coroutine catches ``CancelledError``. So each runs
in a task of its own, which the caller can leave. The coroutine's own time limits and task groups cancel that task too:
in the caller's task, they would cancel the caller's next step.

The first step of that task runs at once, not at the event loop's next turn: most tools wait for nothing, so their calls
end within it. Python 3.12 has eager tasks of its own. Before, the step runs through asyncio's functions for tasks of
other libraries, which Python documents as ``asyncio-extending``.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.tasks import _enter_task, _leave_task
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["GRACE", "bounded", "cancelled_here"]

T = TypeVar("T")

GRACE = 0.02
"""Seconds that a coroutine has to end once it is cancelled."""


async def bounded(
    function: Callable[[], Coroutine[Any, Any, T]],
    seconds: float,
    left: Callable[[asyncio.Task[Any]], object],
    loop: asyncio.AbstractEventLoop | None = None,
    *,
    cut_off: Callable[[], object] = lambda: None,
) -> T:
    """Run a coroutine function in a task of its own, for at most ``seconds``.

    ``left`` is called with the task if it goes on although it was cancelled, and keeps a reference to it. ``loop`` is
    the running event loop, where it is known: asking for it is a system call before Python 3.12.

    Raises:
        TimeoutError: it did not end in time.
        BaseException: whatever it raises.
    """
    loop = loop or asyncio.get_running_loop()
    ends = loop.time() + seconds
    outcome, task = _begin(_outcome(function), loop)
    late = False
    if task is not None:  # most have waited for nothing, and set no timer
        try:
            await _until(ends, task, loop)
        except asyncio.CancelledError:
            await _end(task, left, cut_off)
            raise
        late = not task.done()
        if late:
            await _end(task, left, cut_off)
            if not task.done():
                raise TimeoutError
        outcome = task.result()
    result: T
    result, error = outcome  # type: ignore[misc] # one of both is there
    if error is None:
        return result
    if late and isinstance(error, asyncio.CancelledError):
        raise TimeoutError from error
    try:
        raise error
    finally:
        del error, outcome, task  # which would keep the error, and it this frame


def cancelled_here(error: BaseException) -> bool:
    """Return True if an error is the cancellation of the running task itself."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # the loop has ended, and what is left of the task is being closed
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


async def _outcome(function: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, BaseException | None]:
    """Return the result and the error of a coroutine.

    ``SystemExit`` must not leave a task: it would end the event loop.
    """
    try:
        return await function(), None
    except BaseException as error:  # noqa: BLE001 - raised again by the caller's task
        return None, error


def _begin(
    work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop
) -> tuple[T, None] | tuple[None, asyncio.Task[T]]:
    """Run the first step of a coroutine in a task of its own.

    The task does not come from the loop's factory. ``work`` must not raise anything within its first step.

    Returns:
        The coroutine's result if that ended it, else the task that continues it.
    """
    if sys.version_info >= (3, 12):
        task = asyncio.Task(work, loop=loop, eager_start=True)
        return (task.result(), None) if task.done() else (None, task)
    awaited: list[Any] = []
    rest = _rest(work, awaited)
    next(rest)
    context = copy_context()
    caller: asyncio.Task[Any] = asyncio.current_task(loop)  # type: ignore[assignment] # a coroutine calls this
    task: asyncio.Task[T] = asyncio.Task(rest, loop=loop, context=context)
    _leave_task(loop, caller)
    _enter_task(loop, task)
    try:
        awaited.append(context.run(work.send, None))
    except StopIteration as end:
        return end.value, None
    finally:
        _leave_task(loop, task)
        _enter_task(loop, caller)
    return None, task


def _rest(work: Coroutine[Any, Any, T], awaited: list[Any]) -> Generator[Any, Any, Any]:
    """Continue a coroutine whose first step waits for ``awaited``.

    That is empty if the step was the last one. The first ``yield`` is for a cancellation before the task runs.
    """
    step = None
    try:
        yield
    except BaseException as error:  # noqa: BLE001 - it is the coroutine's
        step = partial(work.throw, error)
    if not awaited:
        return None
    waits = awaited.pop()
    while True:
        try:
            if step is not None:
                waits = step()
        except StopIteration as end:
            return end.value
        try:
            yield waits
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the coroutine's
            step = partial(work.throw, error)
        else:
            step = partial(work.send, None)


async def _until(ends: float, task: asyncio.Task[Any], loop: asyncio.AbstractEventLoop) -> None:
    """Wait for a task until a time of the loop.

    It costs half as much as ``asyncio.wait``.
    """
    waiting = loop.create_future()
    wake = partial(_wake, waiting)
    timer = loop.call_at(ends, wake)
    task.add_done_callback(wake)
    try:
        await waiting
    finally:
        timer.cancel()


def _wake(waiting: asyncio.Future[None], _: object = None) -> None:
    if not waiting.done():
        waiting.set_result(None)


async def _end(
    task: asyncio.Task[Any], left: Callable[[asyncio.Task[Any]], object], cut_off: Callable[[], object]
) -> None:
    cut_off()
    task.cancel()
    try:
        await asyncio.wait((task,), timeout=GRACE)
    finally:
        if not task.done():
            left(task)
