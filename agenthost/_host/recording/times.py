"""Times in records, which the platform gives in microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["moment_of", "seconds_of"]

_LATEST = 1e17
"""Microseconds of a year that dates can have."""


def moment_of(microseconds: object) -> datetime | None:
    """Return a time of the platform in UTC, or None if it is not one."""
    if not isinstance(microseconds, (int, float)) or not 0 < microseconds < _LATEST:
        return None
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def seconds_of(record: Mapping[str, Any]) -> float | None:
    """Return the duration of a call, or None if its record does not tell it."""
    began, ended = record.get("began"), record.get("ended")
    if not isinstance(began, (int, float)) or not isinstance(ended, (int, float)):
        return None
    return (ended - began) / 1_000_000
