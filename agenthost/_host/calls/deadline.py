"""Deadlines for what an author's code may take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Deadline"]


class Deadline:
    """Ends the block in the task that entered it, with TimeoutError, when its time is up.

    It is ``asyncio.timeout`` for a time that never moves, at a third of the cost: every tool call pays for one.

    Args:
        seconds: how long the block may take.
        loop: the running event loop, where it is known: asking for it is a system call before Python 3.12.
        at_once: whether the block needs it from the beginning; otherwise ``begin`` says so, for a block that may end
            before it waits for anything: no deadline can pass before that.
    """

    __slots__ = ("_at_once", "_cancelling", "_loop", "_seconds", "_since", "_task", "_timer", "left", "passed")

    _task: asyncio.Task[object]

    def __init__(self, seconds: float, loop: asyncio.AbstractEventLoop | None = None, *, at_once: bool = True) -> None:
        self._seconds = seconds
        self._loop = loop or asyncio.get_running_loop()
        self._at_once = at_once
        self._timer: asyncio.TimerHandle | None = None
        self.passed = False
        self.left: asyncio.Task[object] | None = None
        """What runs on although the time is up; see ``agenthost._host.calls.abandon``."""

    def __enter__(self) -> None:
        self._since = self._loop.time()
        if self._at_once:
            self.begin()

    def begin(self) -> None:
        """See to it that the block ends in time, from its own task; the first call counts."""
        if self._timer is not None:
            return
        task = asyncio.current_task(self._loop)
        if task is None:
            msg = "a deadline needs a task that it can end"
            raise RuntimeError(msg)
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = self._loop.call_at(self._since + self._seconds, self._pass)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is None:
            return
        self._timer.cancel()
        # A task that somebody else cancelled as well stays cancelled; a block that ended meanwhile has ended well.
        if self.passed and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _pass(self) -> None:
        self.passed = True
        self._task.cancel()
