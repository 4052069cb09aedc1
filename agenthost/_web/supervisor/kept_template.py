"""The template process of the served generation, from which workers are forked."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agenthost._web.supervisor.worker_slots import PAUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenthost._host.generations.template_process import TemplateProcess

__all__ = ["KeptTemplate"]

_log = logging.getLogger("agenthost.workers")


class KeptTemplate:
    """The template process of the served generation.

    One that has ended is started again, if the packages are as they were. ``forking`` is False where each worker
    imports the packages itself. ``differ`` is called with distributions that have changed.
    """

    def __init__(self, *, forking: bool, differ: Callable[[tuple[str, ...]], object]) -> None:
        self.process: TemplateProcess | None = None
        self.differing: tuple[str, ...] = ()
        """Distributions that have changed, so that no worker can be started."""
        self.spawning = not forking
        """True if each worker imports the packages itself."""
        self._differ = differ
        self._withheld: dict[str, float] = {}
        self._failed_starts = 0
        self._due = 0.0

    @property
    def able(self) -> bool:
        """True if a worker can be started."""
        return self.spawning or (self.process is not None and self.process.forks)

    @property
    def pause(self) -> float | None:
        """Seconds until the next start, or None if there is none to wait for."""
        if self.process is not None or self.spawning or self.differing:
            return None
        return self._due - time.monotonic()

    def keep(
        self,
        start: Callable[[Mapping[str, float]], TemplateProcess],
        build_timeout: float,
        *,
        serving: bool,
        wait: bool,
    ) -> TemplateProcess | None:
        """Start a process if there is none that forks or imports, and return it.

        ``start`` takes modules whose import did not end within a number of seconds. ``serving`` is True once a worker
        has served. With ``wait``, none is started now.

        Raises:
            AgentHostError: the process refuses what is installed or configured, and nothing has served yet.
        """
        process = self.process
        if self.spawning or (process is not None and not process.lost and not self._is_useless(process, build_timeout)):
            return None
        if process is not None:
            self._lose(process, serving=serving)
        if self.spawning or self.differing or wait or time.monotonic() < self._due:
            return None
        self.process = start(self._withheld)
        return self.process

    def replace(self, process: TemplateProcess | None) -> None:
        """Keep the process of a new generation."""
        if self.process is not None and self.process is not process:
            self.process.end()
        self.process, self.differing = process, ()

    def spawn_from_now_on(self, threads: Iterable[str]) -> None:
        """Start workers as new processes, as a fork would lose the packages' threads."""
        _log.warning(
            "workers import the packages themselves, as a package has started threads while it was imported: %s",
            ", ".join(threads),
        )
        self.spawning = True

    def _is_useless(self, process: TemplateProcess, build_timeout: float) -> bool:
        """Return True if a process has reported that it cannot fork."""
        imported = process.imported
        if imported is None or process.forks:
            return False
        self._withheld |= dict.fromkeys(imported.hung, build_timeout)
        if imported.threads and not imported.hung:
            self.spawn_from_now_on(imported.threads)
        if imported.differing:
            self.differing = imported.differing
            _log.error(
                "packages have changed since they were loaded: %s. The workers go on, and one that ends is not "
                "replaced. fix: agenthost reload",
                ", ".join(imported.differing),
            )
            self._differ(imported.differing)
        return True

    def _lose(self, process: TemplateProcess, *, serving: bool) -> None:
        """Close a process that has ended, or is useless."""
        useless = process.imported is not None and not process.forks and not process.lost
        self.process = None
        process.end()
        if process.refused is not None and not serving:
            raise process.refused
        if useless:
            return
        during = "" if process.imported is not None else " while it imported the packages"
        _log.error("template process %s ended with %s%s", process.child.pid, process.child.exitcode, during)
        self._failed_starts = 0 if process.imported is not None else self._failed_starts + 1
        self._due = time.monotonic() + PAUSES[min(self._failed_starts, len(PAUSES) - 1)]
