"""Known logins: credentials that succeeded from an address within a day, and are never delayed.

They are remembered as keyed hashes (BLAKE2b, RFC 7693) in a table of fixed size. It is a file in the state directory,
which all workers share and a restart keeps. Without that directory, it is memory of this process.
"""

# No pathlib: it is opened while a request is answered.
# ruff: noqa: PTH112, PTH118

from __future__ import annotations

import logging
import mmap
import os
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from agenthost._private_files import check_private
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KnownLogins"]

FILE = "logins"
_DAY = 24 * 60 * 60
_HASH = 12
_TIME = 4
_ENTRY = _HASH + _TIME
_WAYS = 4
_SETS = 2048
_SIZE = _SETS * _WAYS * _ENTRY

_log = logging.getLogger("agenthost.web")


class KnownLogins:
    """The table.

    ``key`` is a secret of the host; with another one, nothing is known. ``clock`` gives seconds since 1970.
    """

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._keyed = blake2b(key=blake2b(key).digest(), digest_size=_HASH, person=b"known logins")
        self._directory = ""
        self._clock = clock
        self._table: bytearray | mmap.mmap | None = None

    def keep_in(self, directory: str) -> None:
        """Share the table through a file, if the directory exists at the first use."""
        self._directory = directory

    def add(self, network: str, credentials: bytes) -> None:
        """Remember credentials that have succeeded.

        ``credentials`` is the whole ``Authorization`` header.
        """
        table, mark = self._opened(), self._mark(network, credentials)
        now = int(self._clock())
        places = self._places(mark)
        oldest = min(places, key=lambda place: (table[place : place + _HASH] != mark, _time(table, place)))
        table[oldest : oldest + _ENTRY] = mark + now.to_bytes(_TIME, "big")

    def has(self, network: str, credentials: bytes) -> bool:
        """Return True if these credentials have succeeded for this client within a day."""
        table, mark = self._opened(), self._mark(network, credentials)
        since = int(self._clock()) - _DAY
        return any(table[place : place + _HASH] == mark and _time(table, place) > since for place in self._places(mark))

    def _mark(self, network: str, credentials: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(network.encode("utf-8", "surrogateescape") + b"\0" + credentials)
        return keyed.digest()

    @staticmethod
    def _places(mark: bytes) -> range:
        first = int.from_bytes(mark[:2], "big") % _SETS * _WAYS * _ENTRY
        return range(first, first + _WAYS * _ENTRY, _ENTRY)

    def _opened(self) -> bytearray | mmap.mmap:
        if self._table is None:
            self._table = self._file() or bytearray(_SIZE)
        return self._table

    def _file(self) -> mmap.mmap | None:
        """Open the file, or log a warning if that fails."""
        if not self._directory or not os.path.isdir(self._directory):
            return None
        path = os.path.join(self._directory, FILE)
        try:
            check_private(path, "host.state_dir")
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            descriptor = os.open(path, flags, 0o600)
            try:
                os.truncate(descriptor, _SIZE)
                return mmap.mmap(descriptor, _SIZE)
            finally:
                os.close(descriptor)
        except (OSError, ValueError, ConfigurationError) as error:
            _log.warning("successful logins are kept in memory only: %s", error)
            return None


def _time(table: bytearray | mmap.mmap, place: int) -> int:
    return int.from_bytes(table[place + _HASH : place + _ENTRY], "big")
