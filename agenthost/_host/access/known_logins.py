"""Known logins: credentials that succeeded from an address within a day, and are never delayed.

They are remembered as keyed hashes (BLAKE2b, RFC 7693) in a table that all processes share and a restart keeps.
"""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from agenthost._host.access.shared_table import SharedTable

if TYPE_CHECKING:
    import mmap
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


class KnownLogins:
    """The table.

    ``key`` is a secret of the host; with another one, nothing is known. ``clock`` gives seconds since 1970.
    """

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._keyed = blake2b(key=blake2b(key).digest(), digest_size=_HASH, person=b"known logins")
        self._clock = clock
        self.table = SharedTable(FILE, _SIZE, "successful logins")

    def add(self, network: str, credentials: bytes) -> None:
        """Remember credentials that have succeeded.

        ``credentials`` is the whole ``Authorization`` header.
        """
        table, mark = self.table.opened(), self._mark(network, credentials)
        now = int(self._clock())
        places = self._places(mark)
        oldest = min(places, key=lambda place: (table[place : place + _HASH] != mark, _time(table, place)))
        table[oldest : oldest + _ENTRY] = mark + now.to_bytes(_TIME, "big")

    def has(self, network: str, credentials: bytes) -> bool:
        """Return True if these credentials have succeeded for this client within a day."""
        table, mark = self.table.opened(), self._mark(network, credentials)
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


def _time(table: bytearray | mmap.mmap, place: int) -> int:
    return int.from_bytes(table[place + _HASH : place + _ENTRY], "big")
