"""Orders to workers, and reports of the template process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest
    from agenthost._host.generations.served_plan import PlannedAgent

__all__ = ["LOOK", "Imported", "Membership", "WorkerOrder", "socket_in"]

LOOK = "look"
"""A worker's reply to the order to reload one agent: first, somebody has to look at what is installed."""


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
    health: bool = False
    """True to answer the health port, and nothing else."""
    accept: bool = False
    """True to load what differs from the lock file, too."""
    manifest: Manifest | None = None
    """The files that a process must find if it imports the packages itself."""
    planned: tuple[PlannedAgent, ...] = ()
    """The agents that are served: those of packages that differ from the manifest have stand-ins."""
    membership: Membership | None = None
    """The way to the processes of other generations."""


@frozen
class Membership:
    """The generation of a process, and its way to the others."""

    number: int
    generation: str
    """Its name in tokens, which no other host gives to a generation of its own."""
    directory: str
    """Only this host's user can enter it."""
    key: bytes = field(repr=False)
    """Proves that a process of this host hands a request over."""
    others: Mapping[str, str] = field(factory=dict)
    """By generation, the socket of a process that has it; without its own."""
    held: int = 0
    """The number of older generations that are kept."""

    def socket_of(self, process: int) -> str:
        """Return the path of a process's socket."""
        return socket_in(self.directory, self.generation, process)


def socket_in(directory: str, generation: str, process: int) -> str:
    """Return the path of the socket of a process in a generation."""
    return f"{directory}/{generation}-{process}"
