"""The circuit breaker: closed for an agent that works, open for one that keeps failing."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DISTURBANCES", "DISTURBANCES_WITHIN", "Breaker"]

DISTURBANCES = 3
"""The number of times that an agent blocks the event loop, or tries to end the process, before its breaker opens."""
DISTURBANCES_WITHIN = 60.0
"""Seconds within which they count together."""


class Breaker:
    """A circuit breaker, which tries a call at intervals while it is open.

    ``failures`` is the number in a row that opens it; 0 keeps it closed. ``changed`` is called when it opens, with the
    reason, and with None when it closes. ``clock`` gives seconds from any beginning.
    """

    __slots__ = (
        "_changed",
        "_clock",
        "_disturbances",
        "_failures",
        "_retry_at",
        "_seconds",
        "_trying",
        "id",
        "in_a_row",
        "open",
    )

    def __init__(
        self,
        failures: int,
        seconds: float,
        changed: Callable[[str | None], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.open = False
        self.id = ""
        """The id of the last failure in the log. Calls while the breaker is open return it."""
        self._failures = failures
        self._seconds = seconds
        self._changed = changed
        self._clock = clock
        self.in_a_row = 0
        """Failures since it last worked."""
        self._disturbances: deque[tuple[float, str]] = deque(maxlen=DISTURBANCES)
        self._retry_at = 0.0
        self._trying = False

    def try_one(self) -> bool:
        """Return True if a call may be tried while the breaker is open.

        The caller must then report the outcome with ``tried=True``.
        """
        if self._trying or self._clock() < self._retry_at:
            return False
        self._trying = True
        return True

    def worked(self, *, tried: bool) -> None:
        """Record that a call has worked.

        ``tried`` is True if ``try_one`` admitted it; a call that started before proves nothing.
        """
        self.in_a_row = 0
        if tried:
            self._trying = False
            if self.open:
                self.open = False
                self._changed(None)

    def failed(self, error_id: str, *, tried: bool) -> None:
        """Record that a call has failed.

        See ``worked`` for the argument.
        """
        self.id = error_id
        self.in_a_row += 1
        if tried:
            self._trying = False
            self._retry_at = self._clock() + self._seconds
        elif not self.open and 0 < self._failures <= self.in_a_row:
            self._trip(f"{self.in_a_row} failures in a row")

    def undecided(self, *, tried: bool) -> None:
        """Record that a call has ended with neither success nor failure of the agent.

        See ``worked`` for the argument.
        """
        if tried:
            self._trying = False

    def close(self) -> bool:
        """Close the breaker, whatever has failed, and return True if it was open."""
        was_open, self.open = self.open, False
        self.in_a_row = 0
        self._trying = False
        self._disturbances.clear()
        if was_open:
            self._changed(None)
        return was_open

    def blocked(self, error_id: str) -> None:
        """Record that the agent has blocked the event loop."""
        self._disturbed("blocked the event loop", error_id)

    def exited(self, error_id: str) -> None:
        """Record that the agent has stopped the event loop."""
        self._disturbed("tried to end the process", error_id)

    def _disturbed(self, how: str, error_id: str) -> None:
        """Record a disturbance of other agents, whatever the agent's own callers get."""
        now = self._clock()
        self._disturbances.append((now, how))
        first = self._disturbances[0][0]
        if not self._failures or len(self._disturbances) < DISTURBANCES or now - first > DISTURBANCES_WITHIN:
            return
        self.id = error_id
        if self.open:
            self._retry_at = now + self._seconds
        else:
            ways = " or ".join(dict.fromkeys(each for _, each in self._disturbances))
            self._trip(f"it {ways} {DISTURBANCES} times within {DISTURBANCES_WITHIN:g} s")

    def _trip(self, reason: str) -> None:
        self.open = True
        self._trying = False
        self._retry_at = self._clock() + self._seconds
        self._changed(reason)
