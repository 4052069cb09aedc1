"""Guarded runs of authors' code at start-up, in order, each with a deadline."""

from __future__ import annotations

import gc
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from agenthost._host.packages.loading_guard import streams_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Failed", "Outcome", "author_code", "loads_author_code", "run_guarded", "without_collections"]

T = TypeVar("T")


@frozen
class Failed:
    """The failure of a job."""

    error: BaseException
    """The exception, including ``SystemExit`` and the like; ``TimeoutError`` when it missed its deadline."""


Outcome: TypeAlias = "T | Failed"

_loads: ContextVar[bool] = ContextVar("loads", default=False)


def loads_author_code() -> bool:
    """Return True while an author's code is imported or built, which must not serve then."""
    return _loads.get()


@contextmanager
def author_code() -> Iterator[None]:
    """Import or build an author's code in the block."""
    token = _loads.set(True)
    try:
        yield
    finally:
        _loads.reset(token)


@frozen(eq=False)
class _Runner(Generic[T]):
    """A thread that runs ``jobs`` from ``first`` on, until it is abandoned."""

    jobs: Sequence[Callable[[], T]]
    first: int
    outcomes: list[Outcome[T] | None]
    lock: threading.Lock = field(factory=threading.Lock)
    finished: threading.Event = field(factory=threading.Event)
    abandoned: threading.Event = field(factory=threading.Event)
    current: list[tuple[int, float]] = field(factory=list)

    def start(self) -> None:
        self.current[:] = [(self.first, time.monotonic())]
        threading.Thread(target=self._work, name="agenthost-load", daemon=True).start()

    def _work(self) -> None:
        for index in range(self.first, len(self.jobs)):
            self.current[0] = (index, time.monotonic())
            outcome: Outcome[T]
            try:
                with author_code():
                    outcome = self.jobs[index]()
            except BaseException as error:  # noqa: BLE001 - a package may raise anything, SystemExit included
                outcome = Failed(error)
            with self.lock:
                if self.abandoned.is_set():
                    return
                self.outcomes[index] = outcome
        self.finished.set()

    def wait(self, timeout: float) -> int | None:
        """Wait for the end, or return the index of a job that missed its deadline.

        The thread of that job is abandoned.
        """
        while not self.finished.is_set():
            index, started = self.current[0]
            left = started + timeout - time.monotonic()
            if left > 0:
                self.finished.wait(left)
                continue
            with self.lock:
                if self.outcomes[index] is None:
                    self.abandoned.set()
                    return index
        return None


def run_guarded(jobs: Sequence[Callable[[], T]], timeout: float) -> list[Outcome[T]]:
    """Run ``jobs`` in order on a separate thread.

    ``timeout`` is a number of seconds that one job may take. A job that takes longer is left behind in its thread,
    which a daemon thread never keeps the process from ending, and the next one starts.
    """
    outcomes: list[Outcome[T] | None] = [None] * len(jobs)
    first = 0
    with without_collections(), streams_aside():
        while first < len(jobs):
            runner = _Runner(jobs, first, outcomes)
            runner.start()
            late = runner.wait(timeout)
            if late is None:
                break
            outcomes[late] = Failed(TimeoutError(f"did not finish loading within {timeout:g} s"))
            first = late + 1
    return [outcome for outcome in outcomes if outcome is not None]


@contextmanager
def without_collections() -> Iterator[None]:
    """Disable garbage collection.

    The objects of a start are permanent, and repeated collections would cost a tenth of a large start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
