"""State in the memory of one process, for development and tests."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost.errors import StateRefused
from agenthost.state.provider import Entry, StateProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenthost.state.provider import StateOptions

__all__ = ["MemoryEntries", "memory_provider"]

_MOST = 2**63
_SWEEP = 60.0
"""Seconds between two sweeps of expired entries."""


def memory_provider(clock: Callable[[], float] = time.monotonic) -> StateProvider:
    """Make a provider whose stores live as long as it does.

    Args:
        clock: returns the time in seconds.
    """
    opened: dict[str, MemoryEntries] = {}

    async def open_memory(url: str, _: StateOptions) -> MemoryEntries:
        return opened.setdefault(url, MemoryEntries(clock))

    return StateProvider(("memory",), open_memory, network=False)


@frozen(slots=True)
class _Kept:
    entry: Entry
    expires: float | None


class MemoryEntries:
    """Entries in a dictionary.

    No operation awaits, so each is atomic on the event loop. A lock serves threads.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._kept: dict[bytes, _Kept] = {}
        self._lock = threading.Lock()
        self._clock = clock
        self._swept = clock()

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``."""
        kept = self._there(key)
        return None if kept is None else kept.entry

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write an entry unconditionally."""
        with self._lock:
            return self._write(key, value, self._until(ttl))

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write an entry if it still has ``version``."""
        with self._lock:
            kept = self._there(key)
            if (kept.entry.version if kept else 0) != version:
                return None
            return self._write(key, value, self._until(ttl, kept))

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer."""
        with self._lock:
            kept = self._there(key)
            total = (_integer(kept.entry.value) if kept else 0) + by
            if not -_MOST <= total < _MOST:
                raise StateRefused("the sum has more than 64 bits.")
            self._write(key, b"%d" % total, self._until(ttl, kept))
            return total

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry."""
        with self._lock:
            kept = self._there(key)
            if kept is None or version not in (None, kept.entry.version):
                return False
            del self._kept[key]
            return True

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """List some of the keys that begin with ``prefix``, in order."""
        with self._lock:
            keys = [key for key in self._kept if key > cursor and key.startswith(prefix) and self._there(key)]
        keys.sort()
        return keys[:most], keys[most - 1] if len(keys) > most else b""

    async def ping(self) -> None:
        """Do nothing, as memory always answers."""

    async def close(self) -> None:
        """Do nothing, as the provider keeps the entries."""

    def _there(self, key: bytes) -> _Kept | None:
        kept = self._kept.get(key)
        return None if kept is None or (kept.expires is not None and kept.expires <= self._clock()) else kept

    def _until(self, ttl: float | None, kept: _Kept | None = None) -> float | None:
        if ttl is None:
            return None if kept is None else kept.expires
        return self._clock() + ttl

    def _write(self, key: bytes, value: bytes, expires: float | None) -> int:
        self._sweep()
        before = self._kept.get(key)
        version = secrets.randbits(48) + 1 if before is None else before.entry.version + 1
        self._kept[key] = _Kept(Entry(value, version), expires)
        return version

    def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept >= _SWEEP:
            self._swept = now
            self._kept = {key: kept for key, kept in self._kept.items() if kept.expires is None or kept.expires > now}


def _integer(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        raise StateRefused("the value is not an integer.") from None
