"""Calls that have begun and may still need this process.

A call begins with a document, which has tokens for it. It ends with its summary, with the platform's report of a
hang-up, or with the last token.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeAlias

from attrs import define, field, frozen

__all__ = ["KEPT_SECONDS", "CallReport", "OpenCalls"]

Call: TypeAlias = "tuple[str, str]"
"""The route of an agent, and the ID of a call that it has."""

KEPT_SECONDS = 30 * 60.0
"""Seconds that calls in progress stay with the agents they started with."""
_MOST = 10_000
"""The most calls that are known one by one."""


@frozen
class CallReport:
    """The calls of a process that is ending, for another one of its generation.

    Times are those of ``time.monotonic``, which is the same for all processes of a machine.
    """

    open: dict[Call, float]
    ended: tuple[Call, ...]
    others_until: float


@define(eq=False)
class OpenCalls:
    """The calls of one process.

    Documents only add to ``begun``, so that they pay as little as possible; ``settle`` does the rest.
    """

    begun: dict[Call, int] = field(factory=dict)
    """Calls that have begun since ``settle``, with the lifetime of their tokens in seconds."""
    _open: dict[Call, float] = field(factory=dict)
    """The other ones, with the time at which their last token expires."""
    _ended: dict[Call, None] = field(factory=dict)
    """The last calls that have ended here and have begun in another process."""
    _others_until: float = 0.0
    """The time until which there may be calls that are not known."""

    def settle(self, now: float) -> None:
        """Take over the calls that have begun since the last time."""
        begun, self.begun = self.begun, {}
        for call, lifetime in begun.items():
            self._ended.pop(call, None)  # it has come back
            self._open.pop(call, None)  # the newest is the last
            self._open[call] = now + lifetime
        if len(self._open) > _MOST:
            self._open = {call: until for call, until in self._open.items() if until > now}
        for call in list(islice(self._open, max(0, len(self._open) - _MOST))):
            self._others_until = max(self._others_until, self._open.pop(call))

    def end(self, route: str, *ids: str | None) -> None:
        """Note the end of a call, by its ID and that of its conversation."""
        for known in ids:
            if not known:
                continue
            call = route, known
            if self.begun.pop(call, None) is None and self._open.pop(call, None) is None:
                self._ended[call] = None
                if len(self._ended) > _MOST:
                    del self._ended[next(iter(self._ended))]

    def number(self, now: float) -> int:
        """Return the number of known calls in progress."""
        self.settle(now)
        return sum(until > now for until in self._open.values())

    def over(self, now: float) -> bool:
        """Return True if no call is in progress."""
        return not self.number(now) and self._others_until <= now

    def report(self, now: float) -> CallReport:
        """Return what another process needs to know of these calls."""
        self.settle(now)
        return CallReport(dict(self._open), tuple(self._ended), self._others_until)

    def add(self, report: CallReport, now: float) -> None:
        """Add the calls of another process."""
        self.settle(now)
        for call in report.ended:
            self._open.pop(call, None)
            self._ended[call] = None
        self._open |= {call: until for call, until in report.open.items() if call not in self._ended}
        self._others_until = max(self._others_until, report.others_until)
