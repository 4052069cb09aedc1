"""Measured values in words."""

from __future__ import annotations

__all__ = ["elapsed"]

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def elapsed(seconds: float) -> str:
    """Return a time in the largest unit that it fills."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
