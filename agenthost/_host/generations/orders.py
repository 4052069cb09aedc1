"""Orders to workers, and reports of the template process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest

__all__ = ["Imported", "WorkerOrder"]


@frozen
class Imported:
    """The report of a template process that has imported its packages."""

    manifest: Manifest
    hung: tuple[str, ...] = ()
    """Modules whose import did not end in time; the process cannot fork any more."""
    threads: tuple[str, ...] = ()
    """Names of the threads that packages have started; the process cannot fork."""
    differing: tuple[str, ...] = ()
    """Distributions that are not as they should be; nothing was imported."""

    @property
    def forks(self) -> bool:
        """True if workers can be forked from the process."""
        return not (self.hung or self.threads or self.differing)


@frozen
class WorkerOrder:
    """The order to serve, the first one that a worker receives."""

    config: Config
    generation: int = 1
    early: bool = False
    """True to answer requests while the agents are built, with 503 but for ``/live``."""
    held: bool = False
    """True to accept no request before the order ``go``."""
    waits: bool = False
    """True to build no agents: another process does, which takes over."""
    accept: bool = False
    """True to load what differs from the lock file, too."""
    manifest: Manifest | None = None
    """What a process must find that imports the packages itself."""
