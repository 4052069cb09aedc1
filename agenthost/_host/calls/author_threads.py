"""Threads for authors' functions, which may never return."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import finalize

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["Threads"]

_Outcome: TypeAlias = "tuple[Any, BaseException | None]"
"""The return value of a function, and the exception that it raised."""
_Job: TypeAlias = "tuple[Context, Callable[[], Any], Callable[[_Outcome], object]]"
"""A function, the context it runs in, and the callback for its outcome."""
_Jobs: TypeAlias = "SimpleQueue[_Job | None]"
"""The queue that a thread reads; None ends the thread."""

_MOST_IDLE = 32
_LAST = 10
"""The nice value of a thread that goes last."""


class Threads:
    """Runs each function on a thread of its own, which is reused afterwards.

    They are daemon threads. The interpreter waits for the threads of anyio and of executors when it ends, so one
    function that hangs would keep the whole host from ending.
    """

    def __init__(self) -> None:
        self._idle: list[_Jobs] = []
        self._calls: dict[_Jobs, tuple[asyncio.Future[_Outcome], Callable[[], None]]] = {}
        finalize(self, _dismiss, self._idle)

    async def run(
        self, function: Callable[[], Any], ended: Callable[[], None] = lambda: None, *, last: bool = False
    ) -> Any:
        """Run ``function`` in a copy of the caller's context and return its result.

        ``ended`` is called on the event loop when the function has ended, however long ago its caller went away. With
        ``last``, all other threads go first at the processor, which needs a new thread, and Linux.
        """
        loop = asyncio.get_running_loop()
        jobs = self._idle.pop() if self._idle and not last else _begin(last=last)
        waiting: asyncio.Future[_Outcome] = loop.create_future()
        self._calls[jobs] = waiting, ended

        def tell(outcome: _Outcome) -> None:
            loop.call_soon_threadsafe(self._settle, jobs, outcome, last)

        jobs.put((copy_context(), function, tell))
        result, error = await waiting
        if error is not None:
            raise error
        return result

    def _settle(self, jobs: _Jobs, outcome: _Outcome, last: bool) -> None:  # noqa: FBT001 - see ``run``
        waiting, ended = self._calls.pop(jobs)
        if not last and len(self._idle) < _MOST_IDLE:
            self._idle.append(jobs)
        else:
            jobs.put(None)
        ended()
        if not waiting.done():
            waiting.set_result(outcome)


def _begin(*, last: bool) -> _Jobs:
    jobs: _Jobs = SimpleQueue()
    threading.Thread(target=_work, args=(jobs, last), name="agenthost-author", daemon=True).start()
    return jobs


def _work(jobs: _Jobs, last: bool) -> None:  # noqa: FBT001 - see ``Threads.run``
    if last and sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):  # a sandbox that does not let anybody
            os.nice(_LAST)
    while (job := jobs.get()) is not None:
        context, function, tell = job
        outcome: _Outcome
        try:
            outcome = context.run(function), None
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's task
            outcome = None, error
        del job, context, function  # nothing of a call is kept by the thread that ran it
        try:
            tell(outcome)
        except RuntimeError:  # the loop is closed: the host has ended
            return
        del outcome, tell


def _dismiss(idle: list[_Jobs]) -> None:
    for jobs in idle:
        jobs.put(None)
