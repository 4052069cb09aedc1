"""Slots for workers: the process in each, its successor, and restart times."""

from __future__ import annotations

import logging
import select
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.generations.channel import Channel
    from agenthost._host.generations.children import Child
    from agenthost._host.generations.template_process import TemplateProcess

__all__ = ["PAUSES", "Worker", "WorkerSlot"]

_SETTLED = 10.0
"""Seconds after which the end of a worker is not a failed start."""
PAUSES = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses before a restart in seconds, by number of failed starts in a row."""
_LOOPING = 3
"""Failed starts in a row after which the host is not ready."""
_REMEMBERED = 3600.0
"""Seconds for which the end of a worker counts as a problem."""

_log = logging.getLogger("agenthost.workers")


@define(eq=False)
class Worker:
    """A worker process."""

    process: Child
    messages: Channel
    template: TemplateProcess | None = None
    """The process that it was forked from."""
    generation: int = 1
    revision: int = 1
    started: float = field(factory=time.monotonic)
    serving: bool = False
    gone: bool = False
    """True if it has closed its channel."""
    closed: bool = False
    """True if it has closed the port, and accepts no more requests."""
    heard: float = 0.0
    """The time of its last report about its condition."""
    condition: bytes | None = None
    """Its last condition, for the process that answers the health port."""

    @property
    def pid(self) -> int:
        """The process number."""
        return self.process.pid

    def order(self, what: str, content: object = None) -> None:
        """Send an order, unless the worker is ending."""
        with suppress(OSError):
            self.messages.send((what, content))

    def has_messages(self) -> bool:
        """Return True if a message has arrived, or the end of the channel."""
        return bool(select.select([self.messages], [], [], 0)[0])

    def receive(self) -> tuple[str, Any]:
        """Return the next message, or ``gone`` if the worker has ended."""
        try:
            (kind, content), _ = self.messages.receive()
        except (EOFError, OSError):
            self.gone = True
            return "gone", None
        if kind == "condition":
            self.condition, self.heard = content, time.monotonic()
        return kind, content

    def close(self) -> None:
        """Clean up after the process has ended."""
        if self.template is not None:
            self.template.set_exitcode(self.process)
        self.messages.close()
        self.process.close()


@define(eq=False)
class WorkerSlot:
    """A slot for a worker: the present one, and the time of the next start."""

    launch: Callable[[bool], Worker | None]
    """Starts a worker, which accepts requests early if the argument is True. None where that cannot be done now."""
    worker: Worker | None = None
    leaving: Worker | None = None
    due: float = 0.0
    early_ends: int = 0
    failed_replacements: int = 0
    _ended: deque[float] = field(factory=partial(deque, maxlen=100))

    def fill(self, *, early: bool) -> bool:
        """Start a worker here if it is due, and return True if so."""
        if self.worker is not None or time.monotonic() < self.due:
            return False
        self.worker = self.launch(early)
        return self.worker is not None

    def replace(self) -> bool:
        """Start another worker, while the present one serves until that one is ready.

        Return False if none can be started.
        """
        launched = self.launch(False)  # noqa: FBT003 - see ``launch``
        if launched is not None:
            self.leaving, self.worker = self.worker, launched
        return launched is not None

    def clear(self) -> None:
        """Remove the ended worker, and schedule the next one."""
        if self.worker is None:
            return
        self.worker.close()
        now, code = time.monotonic(), self.worker.process.exitcode
        _log.error("worker %s ended with %s", self.worker.process.pid, "an unknown code" if code is None else code)
        if self.leaving is not None:  # the new one never served, so the old one stays
            self.worker, self.leaving = self.leaving, None
            self.failed_replacements += 1
            self.due = now + PAUSES[min(self.failed_replacements, len(PAUSES) - 1)]
            return
        self.failed_replacements = 0
        self._ended.append(now)
        self.early_ends = self.early_ends + 1 if now - self.worker.started < _SETTLED else 0
        self.due = now + PAUSES[min(self.early_ends, len(PAUSES) - 1)]
        self.worker = None

    @property
    def restarts(self) -> int:
        """The number of workers that have ended here by themselves within an hour."""
        since = time.monotonic() - _REMEMBERED
        return sum(ended > since for ended in self._ended)

    @property
    def workers(self) -> list[Worker]:
        """The worker in it, and the one that it replaces."""
        return [worker for worker in (self.worker, self.leaving) if worker is not None]

    @property
    def serving(self) -> Worker | None:
        """The worker that accepts requests: the old one until its successor does."""
        return next((worker for worker in self.workers if worker.serving), None)

    @property
    def unsettled(self) -> float | None:
        """Seconds until a slot with failing workers is trusted again, or None."""
        if self.early_ends < _LOOPING:
            return None
        age = time.monotonic() - self.worker.started if self.worker is not None else 0.0
        return _SETTLED - age if age < _SETTLED else None
