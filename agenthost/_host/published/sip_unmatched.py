"""Unmatched SIP users: the most frequent ones, in bounded memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UnmatchedUsers"]

_LONGEST = 128


@define
class _Seen:
    times: int
    last: float
    answered_by: str | None


class UnmatchedUsers:
    """Counts unmatched users.

    ``most`` is the number of users that are kept; beyond them, the least frequent one that was seen longest ago makes
    room. ``clock`` gives seconds since 1970.
    """

    def __init__(self, most: int = 200, clock: Callable[[], float] = time.time) -> None:
        self._most = most
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self.total = 0

    def count(self, user: str, answered_by: str | None) -> None:
        """Count one call.

        ``answered_by`` is the key of the agent that answered instead; None for no agent.
        """
        self.total += 1
        user = user[:_LONGEST]
        seen = self._seen.get(user)
        if seen is None:
            if len(self._seen) >= self._most:
                del self._seen[min(self._seen, key=lambda each: (self._seen[each].times, self._seen[each].last))]
            self._seen[user] = _Seen(1, self._clock(), answered_by)
            return
        seen.times += 1
        seen.last, seen.answered_by = self._clock(), answered_by

    def report(self) -> dict[str, Any]:
        """Return the users as data, the most frequent first, then the latest."""
        listed = sorted(self._seen.items(), key=lambda item: (-item[1].times, -item[1].last))
        return {
            "total": self.total,
            "users": [
                {
                    "user": user,
                    "times": seen.times,
                    "last": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seen.last)),
                    "answered_by": seen.answered_by,
                }
                for user, seen in listed
            ],
        }
