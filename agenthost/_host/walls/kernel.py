"""Linux system calls that Python has no function for.

Where the system has none of them, they fail and nothing is changed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import Any

__all__ = ["control_process", "drop_capabilities", "set_debuggable", "system_call", "use_one_heap"]

_SET_DUMPABLE = 4
_CAPABILITIES_3 = 0x20080522
"""The version of capset(2) with 64 bits."""
_ARENA_MAX = -8


def set_debuggable(allowed: bool) -> None:  # noqa: FBT001 - a setting
    """Allow or prevent debuggers, core dumps and other processes that read this one's memory.

    ``allowed`` is False for a process that only root can trace: its memory, its environment and its descriptors are
    closed to all processes of the same user (PR_SET_DUMPABLE in prctl(2)). A new program, but not a fork, is open
    again.
    """
    control_process(_SET_DUMPABLE, int(allowed))


def control_process(option: int, *arguments: int) -> bool:
    """Call prctl(2), and return True if it succeeded."""
    libc = _libc()
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return libc is not None and int(libc.prctl(option, *values)) == 0


def drop_capabilities() -> None:
    """Give up all capabilities of this process, also those of root (capabilities(7))."""
    libc = _libc()
    if libc is not None:
        header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()
        libc.capset(header, nothing)


def system_call(number: int, *arguments: Any) -> int:
    """Make a system call.

    Raises:
        OSError: it failed, or the system is not Linux.
    """
    libc = _libc()
    if libc is None:
        raise OSError(f"{sys.platform} does not have the system calls of Linux")
    result = int(libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def use_one_heap() -> None:
    """Let all threads, also of forks, allocate from one heap (M_ARENA_MAX in mallopt(3)).

    With a heap of its own for each thread, what is free in one is of no use to the others. One thread of Python runs at
    a time anyway. The C library of musl has one heap only.
    """
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
