"""Bounding a coroutine in time: one that ignores its cancellation is left behind.

A caller that awaits a coroutine directly cannot leave it while the coroutine catches ``CancelledError``. So each runs
in a task of its own, which the caller can leave. The coroutine's own time limits and task groups cancel that task too:
in the caller's task, they would cancel the caller's next step.

The first step of that task runs at once, not at the event loop's next turn: most tools wait for nothing, so their calls
end within it. Python 3.12 has eager tasks of its own. Before, the step runs in a spare task, which is used again after
coroutines that wait for nothing, as making a task costs more than running most tools. That uses asyncio's functions for
tasks of other libraries, which Python documents as ``asyncio-extending``.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.tasks import _current_tasks, _register_task, _unregister_task  # type: ignore[attr-defined]
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["GRACE", "bounded", "cancelled_here"]

T = TypeVar("T")

GRACE = 0.02
"""Seconds that a coroutine has to end once it is cancelled."""


async def bounded(
    work: Coroutine[Any, Any, T],
    seconds: float,
    left: Callable[[asyncio.Task[Any]], object],
    loop: asyncio.AbstractEventLoop | None = None,
    *,
    cut_off: Callable[[], object] = lambda: None,
) -> T:
    """Run a coroutine in a task of its own, for at most ``seconds``.

    ``left`` is called with the task if it goes on although it was cancelled, and keeps a reference to it. ``loop`` is
    the running event loop, where it is known: asking for it is a system call before Python 3.12.

    Raises:
        TimeoutError: it did not end in time.
        BaseException: whatever it raises.
    """
    loop = loop or asyncio.get_running_loop()
    ends = loop.time() + seconds
    ended, begun = _begin(work, loop)
    if ended:  # most have waited for nothing, and set no timer
        return begun  # type: ignore[no-any-return] # what the coroutine returned
    task: asyncio.Task[tuple[T, BaseException | None]] = begun
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
    result, error = task.result()
    if error is None:
        return result
    if late and isinstance(error, asyncio.CancelledError):
        raise TimeoutError from error
    try:
        raise error
    finally:
        del error, begun, task  # which would keep the error, and it this frame


def cancelled_here(error: BaseException) -> bool:
    """Return True if an error is the cancellation of the running task itself."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # the loop has ended, and what is left of the task is being closed
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _begin(work: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> tuple[bool, Any]:
    """Run the first step of a coroutine in a task of its own.

    The task does not come from the factory of the loop.

    Returns:
        True with its result, if that ended it; else False with the task that continues it. That returns the result and
        the error of the coroutine: ``SystemExit`` must not leave a task, as it would end the event loop.

    Raises:
        BaseException: what the coroutine raises in that step.
    """
    if sys.version_info >= (3, 12):
        task = asyncio.Task(_outcome(work), loop=loop, eager_start=True)
        if not task.done():
            return False, task
        result, error = task.result()
        try:
            if error is not None:
                raise error
        finally:
            del error, task  # as in ``bounded``
        return True, result
    spare = _spares.pop() if _spares else None
    if spare is None or spare.loop is not loop:
        spare = _SpareTask(loop)
    task, context, caller = spare.task, copy_context(), _current_tasks[loop]
    _current_tasks[loop] = task
    try:
        waits = context.run(work.send, None)
    except StopIteration as end:
        return True, end.value
    else:
        spare.hand_over(work, waits, context)
        return False, task
    finally:
        _current_tasks[loop] = caller
        if not (spare.given.done() or task._must_cancel):  # noqa: SLF001 - what has ended may have cancelled it
            _spares.append(spare)


async def _outcome(work: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    try:
        return await work, None
    except BaseException as error:  # noqa: BLE001 - raised again by the caller's task
        return None, error


class _SpareTask:
    """A task for the next coroutine that waits for something.

    Until then, the loop does not list it.
    """

    __slots__ = ("_context", "_waits", "_work", "given", "loop", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.given: asyncio.Future[None] = loop.create_future()
        """Done once the task has a coroutine, or has been cancelled by one that it had."""
        self._work: Coroutine[Any, Any, Any] | None = None
        rest = self._rest()
        next(rest)  # from here on, it can be cancelled before its first step
        # Its own context is empty, so that it keeps nothing of this request; generators are accepted before 3.12.
        task: Any = asyncio.Task(rest, loop=loop, context=Context())
        task._log_destroy_pending = False  # noqa: SLF001 - nothing is lost with it
        _unregister_task(task)
        self.task: Any = task

    def hand_over(self, work: Coroutine[Any, Any, Any], waits: Any, context: Context) -> None:
        """Let the task continue a coroutine whose first step waits for something."""
        self._work, self._waits, self._context = work, waits, context
        self.task._log_destroy_pending = True  # noqa: SLF001 - as above
        _register_task(self.task)
        if not self.given.done():
            self.given.set_result(None)

    def _rest(self) -> Generator[Any, Any, tuple[Any, BaseException | None] | None]:
        step: tuple[Any, ...] | None = None
        try:
            yield
            yield from self.given
        except GeneratorExit:
            if self._work is not None:
                self._work.close()
            raise
        except asyncio.CancelledError as error:
            if self._work is None:  # it was cancelled by one that has ended
                return None
            if self._waits is None or not self._waits.cancel():
                step = self._work.throw, error
        return (yield from _continued(self._work, self._waits, self._context.run, step))


def _continued(
    work: Any, waits: Any, run: Callable[..., Any], step: tuple[Any, ...] | None
) -> Generator[Any, Any, tuple[Any, BaseException | None]]:
    """Continue a coroutine that waits for something, unless ``step`` is to be its next one."""
    while True:
        try:
            if step is not None:
                waits = run(*step)
        except StopIteration as end:
            return end.value, None
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's task
            return None, error
        try:
            yield waits
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the coroutine's
            step = work.throw, error
        else:
            step = work.send, None


_spares: list[_SpareTask] = []


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
