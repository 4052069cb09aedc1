"""The generations of a host's processes, as their supervisor knows them.

A generation is all processes that run the same code for the same configuration. Its name is random: a token of another
host with the same keys never names it.
"""

from __future__ import annotations

import logging
import os
import time
from base64 import urlsafe_b64encode
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import define, field

from agenthost._host.generations.orders import Membership, socket_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost._host.access.open_calls import CallReport
    from agenthost._host.config.schema import Config

__all__ = ["Generations", "Held", "Member"]

MOST = 3
"""The most generations that exist at once."""
_NAME = 6
"""Random bytes of a name; in base64 for URLs, no client escapes them."""
_NONE: Mapping[int, str] = MappingProxyType({})

_log = logging.getLogger("agenthost.workers")


class Member(Protocol):
    """A process of a generation, as its supervisor sees it."""

    @property
    def generation(self) -> int:
        """The number of its generation on this host."""

    @property
    def pid(self) -> int:
        """The process number."""

    def order(self, what: str, content: object = None) -> None:
        """Send an order."""


M = TypeVar("M", bound=Member)


@define(eq=False)
class Held(Generic[M]):
    """An older generation, and the only process that is left of it."""

    member: M
    since: float = field(factory=time.monotonic)
    calls: int | None = None
    """The number of its calls in progress, or None if it has not reported it yet."""
    complete: bool = False
    """True once all other processes of the generation have ended."""

    def report(self) -> dict[str, Any]:
        """Return the generation as JSON."""
        from agenthost._host.access.open_calls import KEPT_SECONDS  # noqa: PLC0415 - the supervisor's memory

        left = max(0.0, KEPT_SECONDS - (time.monotonic() - self.since))
        return {
            "generation": self.member.generation,
            "process": self.member.pid,
            "calls": self.calls,
            "seconds": round(left),
        }


class Generations(Generic[M]):
    """The present generation of a supervisor, and older ones with calls in progress."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._key = os.urandom(32)
        self._names: dict[int, str] = {}
        self._announced = _NONE
        self._shown = 0
        self._reports: dict[int, list[CallReport]] = {}
        self._config: Config | None = None
        self.held: list[Held[M]] = []
        """The older ones, oldest first."""

    def membership(self, generation: int) -> Membership:
        """Return the membership of a new process in a generation, by its number."""
        name = self._name(generation)
        others, held = self._without(generation), len(self.held)
        return Membership(generation, name, self._directory, self._key, others, held)

    @property
    def members(self) -> list[M]:
        """The processes that stay for calls in progress."""
        return [held.member for held in self.held]

    def configure(self, config: Config) -> None:
        """Let older generations use the passwords, limits and time-outs of a new configuration."""
        self._config = config
        for member in self.members:
            member.order("settings", config)

    def make_room(self) -> None:
        """End the oldest generations, as another one begins."""
        for held in self.held[: max(0, len(self.held) - (MOST - 2))]:
            _log.warning(
                "generation %d ends early, with %s calls in progress: at most %d generations exist at once",
                *(held.member.generation, "some" if held.calls is None else held.calls, MOST),
            )
            held.member.order("leave")

    def replaced(self, member: M, accepting: Iterable[M], leaving: Iterable[M]) -> bool:
        """Order a process to leave that another one has replaced.

        The last one of an older generation stays for its calls in progress. ``accepting`` and ``leaving`` are all
        others.

        Returns:
            True if it stays.
        """
        accepting = [other for other in accepting if other is not member]
        if any(other.generation == member.generation for other in accepting):
            self.announce(accepting)  # first, so that requests find the others
            member.order("leave")
            return False
        member.order("hold")
        if self._config is not None:
            member.order("settings", self._config)
        for report in self._reports.pop(member.generation, ()):
            member.order("calls", report)
        self.held.append(Held(member))
        self._complete(leaving)
        return True

    def receive(self, member: M, kind: str, content: Any) -> None:
        """Take a report of a process: ``calls`` at its end, or ``counted`` while it stays."""
        if kind == "calls":
            self.reported(member, content)
        else:
            self.counted(member, content)

    def reported(self, member: M, report: CallReport) -> None:
        """Pass the calls of a process that is ending to the one that stays."""
        for held in self.held:
            if held.member.generation == member.generation:
                held.member.order("calls", report)
                return
        self._reports.setdefault(member.generation, []).append(report)

    def counted(self, member: M, calls: int) -> None:
        """Note the number of calls in progress of a process that stays."""
        for held in self.held:
            if held.member is member:
                held.calls = calls

    def ended(self, member: M, rest: Iterable[M]) -> bool:
        """Note that a process has ended, and return True if it was one that stayed.

        ``rest`` are all others.
        """
        rest, stayed = list(rest), member in self.members
        self.held = [held for held in self.held if held.member is not member]
        self._complete(rest)
        known = {each.generation for each in rest}
        self._reports = {number: reports for number, reports in self._reports.items() if number in known}
        return stayed

    def announce(self, accepting: Iterable[M]) -> None:
        """Tell all processes which one answers for which generation, if that has changed.

        ``accepting`` are those that accept connections, or will soon: others know them before their first token exists.
        """
        members = [*(held.member for held in self.held), *accepting]
        sockets = dict[int, str]()
        for each in members:
            name = self._name(each.generation)
            sockets.setdefault(each.generation, socket_in(self._directory, name, each.pid))
        if (sockets, len(self.held)) == (self._announced, self._shown):
            return
        self._announced, self._shown = sockets, len(self.held)
        for each in members:
            each.order("others", (self._without(each.generation), self._shown))

    def report(self) -> list[dict[str, Any]]:
        """Return the older generations as JSON, oldest first."""
        return [held.report() for held in self.held]

    def _complete(self, rest: Iterable[M]) -> None:
        """Tell the processes that stay that they are the last ones of their generation."""
        rest = list(rest)
        for held in self.held:
            others = (each for each in rest if each is not held.member)
            if not held.complete and all(each.generation != held.member.generation for each in others):
                held.complete = True
                held.member.order("complete")

    def _name(self, generation: int) -> str:
        if generation not in self._names:
            self._names[generation] = urlsafe_b64encode(os.urandom(_NAME)).decode()
        return self._names[generation]

    def _without(self, own: int) -> dict[str, str]:
        return {self._name(number): path for number, path in self._announced.items() if number != own}
