"""A clock that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """A clock that stands still until it is set.

    It is callable, and then returns the seconds since 1970.

    Args:
        start: the first time, in ISO 8601 if it is text. Without a time zone, it is UTC.
    """

    def __init__(self, start: datetime | str = "2026-01-05T09:00:00+00:00") -> None:
        self.set(start)

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self._now.timestamp()

    @property
    def now(self) -> datetime:
        """The time, with its time zone."""
        return self._now

    def set(self, moment: datetime | str) -> None:
        """Set the clock, forwards or back.

        Args:
            moment: the time, in ISO 8601 if it is text. Without a time zone, it is UTC.

        Raises:
            ValueError: the text is not a time.
        """
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        self._now = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    def advance(self, by: float | timedelta) -> None:
        """Move the clock.

        Args:
            by: seconds, or a time delta.
        """
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
