"""Eager tasks: the first step of a task runs at once.

Otherwise it would run at the event loop's next turn. Most tools wait for nothing, so their calls end within that step.
Python 3.12 has eager tasks of its own. Before, the step runs through asyncio's functions for tasks of other libraries,
which Python documents as ``asyncio-extending``.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.tasks import _enter_task, _leave_task
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

__all__ = ["begin"]

T = TypeVar("T")


def begin(
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
