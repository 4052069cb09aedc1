"""Landlock: the kernel's allow-list for the files of a process, for good (landlock(7)).

What is not on the list cannot be opened, created, renamed or executed by the process and all that it starts. From its
version 6 on, Landlock also keeps signals from processes outside, and closes their abstract Unix sockets. In any
version, a process cannot trace one outside.
"""

# No pathlib: a process that starts needs to be quick.

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost._host.walls.kernel import system_call

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SIGNALS_SINCE", "restrict_files", "version"]

SIGNALS_SINCE = 6
"""The version that keeps signals from processes outside."""
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_PATH_BENEATH = 1
_RIGHTS = (0, 13, 14, 15, 15, 16)
"""The number of rights to files, by version."""
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_DEVICES = 1 << 6 | 1 << 11
"""Creation of devices, which is never allowed."""
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_LOOK = _EXECUTE | _READ | _LIST
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2


def version() -> int:
    """Return the version of Landlock that the kernel has, or 0."""
    try:
        return system_call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def restrict_files(read: Iterable[str], write: Iterable[str], listed: Iterable[str] = ()) -> None:
    """Restrict this thread, and all that it starts, to files and directories.

    ``read`` may be read and executed, ``write`` may be changed too, and of ``listed`` only the names of files may be
    read. What does not exist is left out.

    Raises:
        OSError: the kernel refuses.
    """
    known = version()
    handled = (1 << _RIGHTS[min(known, len(_RIGHTS) - 1)]) - 1
    attributes = [handled, 0, _ABSTRACT_SOCKETS | _SIGNALS][: 1 if known < 4 else 2 if known < SIGNALS_SINCE else 3]  # noqa: PLR2004 - the versions that added them
    asked = (ctypes.c_uint64 * len(attributes))(*attributes)
    rules = system_call(_CREATE, asked, ctypes.c_size_t(ctypes.sizeof(asked)), ctypes.c_uint32(0))
    try:
        for paths, rights in ((listed, _LIST), (read, _LOOK), (write, ~_DEVICES)):
            for path in paths:
                _allow(rules, path, rights & handled)
        system_call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                rights &= _OF_FILES
            rule = rights.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
            system_call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
        finally:
            os.close(descriptor)
