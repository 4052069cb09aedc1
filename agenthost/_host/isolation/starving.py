"""Observation of a process: its memory, and starvation of the processor (Linux only)."""

from __future__ import annotations

import os

__all__ = ["cpu_of", "memory_of", "starves"]

_SHARE = 0.1
"""The least share of a time for which a process that computes has the processor."""


def memory_of(process: int | str) -> int:
    """Return the resident memory of a process in bytes, or 0 if it is hidden."""
    try:
        with open(f"/proc/{process}/statm", encoding="ascii") as file:  # noqa: PTH123 - one look, without pathlib
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def cpu_of(pid: int) -> float | None:
    """Return the CPU time of the first thread of a process, in seconds.

    It is exact to the nanosecond. Return None if the system does not report it.
    """
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:  # noqa: PTH123 - one look, without pathlib
            return int(file.read().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


def starves(pid: int, before: float | None, seconds: float) -> bool:
    """Return True if a process's first thread is ready to run but hardly runs.

    ``before`` is the earlier result of ``cpu_of``.
    """
    now = cpu_of(pid)
    if now is None or before is None or now - before >= _SHARE * seconds:
        return False
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            return file.read().rpartition(")")[2].split()[0] == "R"
    except (OSError, IndexError):
        return False
