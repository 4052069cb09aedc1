"""Slots for workers: the process in each, its successor, and restart times."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from agenthost._host.telemetry.shared_metrics import forget_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from agenthost._host.runtime.condition import Condition

__all__ = ["Worker", "WorkerSlot"]

_SETTLED = 10.0
"""Seconds after which the end of a worker is not a failed start."""
_PAUSES = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses before a restart in seconds, by number of failed starts in a row."""
_LOOPING = 3
"""Failed starts in a row after which the host is not ready."""
_SILENT = 2.0
"""Seconds without a report after which a worker counts as blocked."""

_log = logging.getLogger("agenthost.workers")


@define(eq=False)
class Worker:
    """A worker process."""

    process: SpawnProcess
    messages: Connection
    started: float = field(factory=time.monotonic)
    serving: bool = False
    heard: float = 0.0
    condition: Condition | None = None

    def order(self, what: str, content: object = None) -> None:
        """Send an order, unless the worker is ending."""
        with suppress(OSError):
            self.messages.send((what, content))

    def receive(self) -> tuple[str, Any]:
        """Return the next message, or ``gone`` if the worker has ended."""
        try:
            kind, content = self.messages.recv()
        except (EOFError, OSError):
            return "gone", None
        if kind == "condition":
            self.condition, self.heard = content, time.monotonic()
        return kind, content

    def latest_condition(self) -> Condition | None:
        """Return its condition. Silence counts as a blocked event loop."""
        silent = time.monotonic() - self.heard
        if self.condition is None or silent < _SILENT:
            return self.condition
        return evolve(self.condition, stands_still=self.condition.stands_still + silent)

    def close(self) -> None:
        """Clean up after the process has ended."""
        self.process.join()
        self.messages.close()
        if self.process.pid is not None:
            forget_process(self.process.pid)


@define(eq=False)
class WorkerSlot:
    """A slot for a worker: the present one, and the time of the next start."""

    launch: Callable[[bool], Worker]
    worker: Worker | None = None
    leaving: Worker | None = None
    due: float = 0.0
    early_ends: int = 0

    def fill(self, *, early: bool) -> bool:
        """Start a worker here if it is due, and return True if so."""
        if self.worker is not None or time.monotonic() < self.due:
            return False
        self.worker = self.launch(early)
        return True

    def replace(self) -> None:
        """Start another worker, while the present one serves until that one is ready."""
        self.leaving, self.worker = self.worker, self.launch(False)  # noqa: FBT003 - see ``launch``

    def clear(self) -> None:
        """Remove the ended worker, and schedule the next one."""
        if self.worker is None:
            return
        self.worker.close()
        _log.error("worker %s ended with %s", self.worker.process.pid, self.worker.process.exitcode)
        if self.leaving is not None:  # the new one never served, so the old one stays
            self.worker, self.leaving = self.leaving, None
            return
        now = time.monotonic()
        self.early_ends = self.early_ends + 1 if now - self.worker.started < _SETTLED else 0
        self.due = now + _PAUSES[min(self.early_ends, len(_PAUSES) - 1)]
        self.worker = None

    @property
    def workers(self) -> list[Worker]:
        """The worker in it, and the one that it replaces."""
        return [worker for worker in (self.worker, self.leaving) if worker is not None]

    @property
    def unsettled(self) -> float | None:
        """Seconds until a slot with failing workers is trusted again, or None."""
        if self.early_ends < _LOOPING:
            return None
        age = time.monotonic() - self.worker.started if self.worker is not None else 0.0
        return _SETTLED - age if age < _SETTLED else None
