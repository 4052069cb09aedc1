"""Leaving a coroutine behind that takes no notice of its deadline, without a task for each call.

Whoever awaits an author's coroutine is stuck with it: a coroutine that catches ``CancelledError``, or waits for a task
that does, keeps its caller waiting. Here the caller's own task runs the coroutine, step by step; only when the
deadline has passed and the coroutine still goes on, a task of its own takes over what is left of it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from agenthost._host.calls.deadline import Deadline

__all__ = ["until"]

_PLAIN = asyncio.Future
"""What ends when it is cancelled; tasks and gatherings may not."""


@coroutine
def until(work: Coroutine[Any, Any, Any], deadline: Deadline) -> Generator[Any, Any, Any]:
    """Await ``work``, but not beyond ``deadline``.

    When that has passed and the coroutine goes on all the same, ``deadline.left`` is the task that runs it.

    Args:
        work: a coroutine that has not begun.
        deadline: the one whose block this is in; it begins with the first thing that is waited for.

    Raises:
        CancelledError: it went on, and was left.
        BaseException: whatever it raises.
    """
    try:
        waits = work.send(None)
        deadline.begin()
        while True:
            try:
                if waits is None or type(waits) is _PLAIN or not hasattr(waits, "_asyncio_future_blocking"):
                    yield waits
                else:
                    yield from _beside(waits, work, deadline)
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:
                if deadline.left is not None:
                    raise
                waits = work.throw(error)
                if deadline.passed:
                    deadline.left = _go_on(work, waits)
                    raise
            else:
                waits = work.send(None)
    except StopIteration as end:
        return end.value


def _beside(
    waits: asyncio.Future[Any], work: Coroutine[Any, Any, Any], deadline: Deadline
) -> Generator[Any, Any, None]:
    """Wait for what may outlive being cancelled, so that this task can go on without it."""
    waits._asyncio_future_blocking = False  # noqa: SLF001 - PEP 3156's own mark of a future that is awaited
    while not waits.done():
        ended = asyncio.get_running_loop().create_future()
        waits.add_done_callback(partial(_wake, ended))
        try:
            yield from ended
        except asyncio.CancelledError:
            waits.cancel()
            if deadline.passed:
                waits._asyncio_future_blocking = True  # noqa: SLF001 - as above
                deadline.left = _go_on(work, waits)
                raise


def _wake(ended: asyncio.Future[None], _: object) -> None:
    if not ended.done():
        ended.set_result(None)


def _go_on(work: Coroutine[Any, Any, Any], waits: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(_rest(work, waits))


async def _rest(work: Coroutine[Any, Any, Any], waits: Any) -> None:
    """Run the rest of a coroutine that nobody waits for; what it says is heard by nobody."""
    with suppress(BaseException):  # its deadline has passed, which the log has said
        await _resumed(work, waits)


@coroutine
def _resumed(work: Coroutine[Any, Any, Any], waits: Any) -> Generator[Any, Any, Any]:
    try:
        while True:
            try:
                yield waits
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - as above
                waits = work.throw(error)
            else:
                waits = work.send(None)
    except StopIteration as end:
        return end.value
