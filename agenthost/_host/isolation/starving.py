"""Whether a process that says nothing gets no processor, rather than standing still; as Linux tells."""

from __future__ import annotations

__all__ = ["cpu_of", "starves"]

_SHARE = 0.1
"""The part of a time that a process which burns CPU has had, at least."""


def cpu_of(pid: int) -> float | None:
    """Seconds of CPU that the first thread of a process has used, to the nanosecond; None where nobody tells."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:  # noqa: PTH123 - one look, without pathlib
            return int(file.read().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


def starves(pid: int, before: float | None, seconds: float) -> bool:
    """Whether the first thread of a process wants to run and is hardly let.

    Args:
        pid: the process.
        before: what ``cpu_of`` said then.
        seconds: how long ago that was.
    """
    now = cpu_of(pid)
    if now is None or before is None or now - before >= _SHARE * seconds:
        return False
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            return file.read().rpartition(")")[2].split()[0] == "R"
    except (OSError, IndexError):
        return False
