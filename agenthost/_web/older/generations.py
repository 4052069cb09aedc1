"""The generations of a host's processes, as their supervisor knows them.

A generation is all processes that were started for one set of installed code. Its name is random, so that a token of
another host with the same keys never names it.
"""

from __future__ import annotations

import logging
import secrets
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field, frozen

from agenthost._host.runtime.reload import KEPT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost._host.access.open_calls import CallReport

__all__ = ["Generations", "Held", "Member", "Membership", "new_generation"]

MOST = 3
"""The most generations that exist at once."""
_NAME_BYTES = 6
_NONE: Mapping[str, str] = MappingProxyType({})

_log = logging.getLogger("agenthost.workers")


class Member(Protocol):
    """A process of a generation, as its supervisor sees it."""

    generation: str

    @property
    def number(self) -> int:
        """The process number."""

    def order(self, what: str, content: object = None) -> None:
        """Send an order."""


@frozen
class Membership:
    """A process's generation, and its way to the others."""

    generation: str
    directory: str
    """Only this host's user can enter it."""
    key: bytes = field(repr=False)
    """Proves that a process of this host hands a request over."""
    others: Mapping[str, str] = field(factory=dict)
    """By generation, the socket of a process that has it; without its own."""

    def socket_of(self, process: int) -> str:
        """Return the path of a process's socket."""
        return _socket(self.directory, self.generation, process)


@define(eq=False)
class Held:
    """An older generation, and the only process that is left of it."""

    member: Member
    since: float = field(factory=time.monotonic)
    calls: int | None = None
    """The number of its calls in progress, or None if it has not reported it yet."""
    complete: bool = False
    """True once all other processes of the generation have ended."""

    def report(self) -> dict[str, Any]:
        """Return the generation as JSON."""
        left = max(0.0, KEPT_SECONDS - (time.monotonic() - self.since))
        return {
            "generation": self.member.generation,
            "process": self.member.number,
            "calls": self.calls,
            "seconds": round(left),
        }


class Generations:
    """The present generation, and older ones whose calls are in progress."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._key = secrets.token_bytes(32)
        self._announced = _NONE
        self._reports: dict[str, list[CallReport]] = {}
        self.present = new_generation()
        self.held: list[Held] = []

    def begin(self) -> None:
        """Begin a new generation, to which every process that starts from now on belongs.

        If there are too many, the oldest one ends.
        """
        self.present = new_generation()
        for held in self.held[: max(0, len(self.held) - (MOST - 2))]:
            _log.warning(
                "generation %s ends early, with %s calls in progress: at most %d generations exist at once",
                *(held.member.generation, "some" if held.calls is None else held.calls, MOST),
            )
            held.member.order("leave")

    def membership(self) -> Membership:
        """Return the membership of a new process."""
        return Membership(self.present, self._directory, self._key, self._without(self.present))

    def replaced(self, member: Member, accepting: Iterable[Member], leaving: Iterable[Member]) -> bool:
        """Let a process leave that another one has replaced, and return True if it stays for calls in progress.

        The last one of an older generation does. ``accepting`` and ``leaving`` are all others.
        """
        if member.generation in (self.present, *(other.generation for other in accepting)):
            member.order("leave")
            return False
        member.order("hold")
        for report in self._reports.pop(member.generation, ()):
            member.order("calls", report)
        self.held.append(Held(member))
        self._complete(leaving)
        return True

    def reported(self, member: Member, report: CallReport) -> None:
        """Pass the calls of a process that is ending to the one that stays."""
        for held in self.held:
            if held.member.generation == member.generation:
                held.member.order("calls", report)
                return
        if member.generation != self.present:
            self._reports.setdefault(member.generation, []).append(report)

    def ended(self, member: Member, rest: Iterable[Member]) -> None:
        """Note that a process has ended.

        ``rest`` are all others that have not.
        """
        self.held = [held for held in self.held if held.member is not member]
        rest = list(rest)
        self._complete(rest)
        known = {each.generation for each in rest}
        self._reports = {name: reports for name, reports in self._reports.items() if name in known}

    def announce(self, serving: Iterable[Member]) -> None:
        """Tell all processes which one answers for which generation, if that has changed.

        ``serving`` are those that accept connections.
        """
        serving, sockets = list(serving), dict[str, str]()
        for member in (*(held.member for held in self.held), *serving):
            sockets.setdefault(member.generation, _socket(self._directory, member.generation, member.number))
        if sockets == self._announced:
            return
        self._announced = sockets
        for member in (*(held.member for held in self.held), *serving):
            member.order("others", self._without(member.generation))

    def report(self) -> list[dict[str, Any]]:
        """Return the older generations as JSON, oldest first."""
        return [held.report() for held in self.held]

    def _complete(self, rest: Iterable[Member]) -> None:
        """Tell the processes that stay that they are the last ones of their generation."""
        rest = list(rest)
        for held in self.held:
            others = (each for each in rest if each is not held.member)
            if not held.complete and all(each.generation != held.member.generation for each in others):
                held.complete = True
                held.member.order("complete")

    def _without(self, own: str) -> dict[str, str]:
        return {generation: path for generation, path in self._announced.items() if generation != own}


def new_generation() -> str:
    """Return the name of a new generation."""
    return secrets.token_urlsafe(_NAME_BYTES)


def _socket(directory: str, generation: str, process: int) -> str:
    return str(Path(directory) / f"{generation}-{process}")
