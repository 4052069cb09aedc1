"""The process that answers the separate health port, as the supervisor keeps it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost._web.supervisor.worker_slots import PAUSES

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.template_process import TemplateProcess
    from agenthost._web.supervisor.worker_slots import Worker

__all__ = ["KeptHealth"]

_LIVED = 10.0
"""Seconds after which the end of the process is not a failed start."""
_ENDED_WITHIN = 2.0

_log = logging.getLogger("agenthost.workers")


class KeptHealth:
    """The process of the health port. One that has ended is started again.

    ``listening`` is the open port, or None if there is none, and nothing to do. ``start`` starts a process, from a
    template process where there is one.
    """

    def __init__(
        self, listening: socket.socket | None, start: Callable[[TemplateProcess | None], Worker | None]
    ) -> None:
        self.process: Worker | None = None
        self._listening = listening
        self._start = start
        self._config: Config | None = None
        self._present: tuple[int, ...] = ()
        self._failed = 0
        self._due = 0.0

    @property
    def pause(self) -> float | None:
        """Seconds until the next start, or None if there is none to wait for."""
        return None if self._listening is None or self.process is not None else self._due - time.monotonic()

    def keep(self, template: TemplateProcess | None, config: Config, workers: Sequence[Worker]) -> None:
        """Start the process if there is none, and report the workers to it."""
        if self._listening is None or self.process is not None or time.monotonic() < self._due:
            return
        self.process = self._start(template)
        if self.process is None:
            self._fail()
            return
        with suppress(OSError):
            self.process.messages.send(("port", None), [self._listening.fileno()])
        self._config, self._present = config, ()
        self.report(config, workers)
        for worker in workers:
            self.pass_on(worker)

    def report(self, config: Config, workers: Sequence[Worker]) -> None:
        """Report the present workers and the configuration, if they have changed."""
        if self.process is None:
            return
        present = tuple(worker.pid for worker in workers)
        if present != self._present:
            self._present = present
            self.process.order("workers", present)
        if config is not self._config:
            self._config = config
            self.process.order("settings", config)

    def pass_on(self, worker: Worker) -> None:
        """Pass the last condition of a worker on, if it has reported one."""
        if self.process is not None and worker.condition is not None:
            self.process.order("condition", (worker.pid, worker.heard, worker.condition))

    def receive(self) -> object:
        """Take the end of the process, or return the content of its answer."""
        process = self.process
        kind, content = process.receive() if process is not None else ("", None)
        if process is None or kind != "gone":
            return content if kind == "answer" else None
        _log.error("the process of the health port has ended, and starts again")
        if time.monotonic() - process.started > _LIVED:
            self._failed = 0
        self.end()
        self._fail()
        return None

    def end(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is None:
            return
        process.messages.close()
        if not process.process.join(_ENDED_WITHIN):
            process.process.kill()
            process.process.join()
        process.close()

    def _fail(self) -> None:
        self._due = time.monotonic() + PAUSES[min(self._failed, len(PAUSES) - 1)]
        self._failed += 1
