"""Hours of the week in a time zone, such as ``Mon-Fri 09:00-17:00``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["DAYS", "Hours", "time_zone"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NUMBERS = {day.casefold(): number for number, day in enumerate(DAYS)}
_DAY = 24 * 60
_WEEK = 7 * _DAY
_ENTRY = re.compile(r"(?:(?P<days>[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)\s+)?(?P<times>[0-9][0-9:,\s-]*)")
_TIMES = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


@frozen
class Hours:
    """Hours of a week, in the local time of a place.

    The time on the wall counts. If the clock is put back, an hour that occurs twice is within the hours twice. If it is
    put forward, the skipped hour never occurs.

    Args:
        text: the hours as written, joined by ``, ``.
        zone: IANA name of the time zone.
        minutes: the minutes of a week within the hours, from Monday 00:00 on, as bits of a number.
    """

    text: str
    zone: str
    minutes: int

    @classmethod
    def parse(cls, entries: Iterable[str], zone: str) -> Hours:
        """Read hours.

        Args:
            entries: each ``[days] from-to[,from-to…]``. Days are ``Mon``, ``Mon-Fri``, ``Sat,Sun`` or any mixture, and
                default to every day. Times are ``09:00-17:00``, up to ``24:00``. Hours that end before they begin
                run past midnight and belong to the day on which they begin.
            zone: IANA name of the time zone, such as ``Europe/Berlin``.

        Raises:
            ValueError: an entry or the time zone is wrong. The message names it and the form to use.
        """
        time_zone(zone)
        listed = list(entries)
        minutes = 0
        for entry in listed:
            minutes |= _minutes(entry)
        return cls(", ".join(listed), zone, minutes)

    def holds(self, moment: datetime) -> bool:
        """Return True if a moment is within the hours.

        Args:
            moment: a time with its zone. A time without a zone is local.
        """
        local = moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(self.zone))
        return bool(self.minutes >> (local.weekday() * _DAY + local.hour * 60 + local.minute) & 1)

    def __str__(self) -> str:
        """Return the hours for people."""
        return f"{self.text} {self.zone}"


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone with an IANA name.

    Raises:
        ValueError: there is no such time zone.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"{name!r} is not a time zone of the IANA database, such as Europe/Berlin or UTC") from None


def _minutes(entry: str) -> int:
    """Return the minutes of a week that an entry names.

    Raises:
        ValueError: the entry is wrong.
    """
    read = _ENTRY.fullmatch(entry.strip())
    if read is None:
        raise ValueError(f"{entry!r} is not hours such as 'Mon-Fri 09:00-17:00' or '22:00-06:00'")
    days = _days(read["days"], entry) if read["days"] else range(7)
    found = 0
    for part in read["times"].split(","):
        times = _TIMES.fullmatch(part.strip())
        if times is None:
            raise ValueError(f"{entry!r}: {part.strip()!r} is not a time from-to such as 09:00-17:00")
        start, end = _minute(times[1], times[2], entry), _minute(times[3], times[4], entry)
        if start in (end, _DAY):
            raise ValueError(f"{entry!r}: {part.strip()!r} is empty. fix: write 00:00-24:00 for a whole day")
        length = (end - start) % _DAY or _DAY
        for day in days:
            found |= ((1 << length) - 1) << (day * _DAY + start)
    return (found & ((1 << _WEEK) - 1)) | (found >> _WEEK)  # Sunday night ends on Monday


def _minute(hour: str, minute: str, entry: str) -> int:
    count = int(hour) * 60 + int(minute)
    if int(minute) > 59 or count > _DAY:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"{entry!r}: {hour}:{minute} is not a time of day")
    return count


def _days(text: str, entry: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        names = part.split("-")
        numbers = [_NUMBERS.get(name.casefold(), -1) for name in names]
        if -1 in numbers or len(numbers) > 2:  # noqa: PLR2004 - from and to
            raise ValueError(
                f"{entry!r}: {part!r} is not a day or days such as Mon or Mon-Fri. The days are {_ALL_DAYS}"
            )
        first, last = numbers[0], numbers[-1]
        found += [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]
    return found


_ALL_DAYS = " ".join(DAYS)
