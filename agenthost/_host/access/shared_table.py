"""Tables of a fixed size that the processes of a host share.

Each is a file in the state directory. A restart keeps them. Without that directory, a table is memory of this process.
"""

# No pathlib: it is opened while a request is answered.
# ruff: noqa: PTH112, PTH118

from __future__ import annotations

import logging
import mmap
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agenthost._private_files import check_private
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SharedTable"]

_log = logging.getLogger("agenthost.web")


class SharedTable:
    """A table of bytes.

    ``name`` is the name of its file, and ``what`` names its contents in the log.
    """

    def __init__(self, name: str, size: int, what: str) -> None:
        self._name = name
        self._size = size
        self._what = what
        self._directory = ""
        self._table: bytearray | mmap.mmap | None = None
        self._descriptor: int | None = None
        self._thread = threading.Lock()

    def keep_in(self, directory: str) -> None:
        """Share the table through a file, if the directory exists at the first use."""
        self._directory = directory

    def opened(self) -> bytearray | mmap.mmap:
        """Return the table."""
        if self._table is None:
            self._table = self._file() or bytearray(self._size)
        return self._table

    @contextmanager
    def alone(self) -> Iterator[bytearray | mmap.mmap]:
        """Lock the table for this thread, among all processes (flock(2))."""
        table = self.opened()
        with self._thread:
            if self._descriptor is None or sys.platform == "win32":
                yield table
                return
            import fcntl  # noqa: PLC0415 - there is none on Windows

            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield table
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _file(self) -> mmap.mmap | None:
        """Open the file, or log a warning if that fails."""
        if not self._directory or not os.path.isdir(self._directory):
            return None
        path = os.path.join(self._directory, self._name)
        try:
            check_private(path, "host.state_dir")
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            descriptor = os.open(path, flags, 0o600)
            try:
                os.truncate(descriptor, self._size)
                table = mmap.mmap(descriptor, self._size)
            except BaseException:
                os.close(descriptor)
                raise
        except (OSError, ValueError, ConfigurationError) as error:
            _log.warning("%s are kept in memory only: %s", self._what, error)
            return None
        self._descriptor = descriptor
        return table
