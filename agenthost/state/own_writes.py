"""Updates of entries that one process mostly writes alone.

``Store.update`` reads an entry and writes it. What this process wrote last needs no reading: the write fails if another
process has written since, and then the entry is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.state.store import Versioned

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.state.store import Store

__all__ = ["OwnWrites"]

_MOST = 1024
"""The most entries that are remembered."""


class OwnWrites:
    """The entries of a store, of which the latest versions are remembered.

    Args:
        store: the store.
        most: the most entries to remember. The oldest ones are forgotten first.
    """

    def __init__(self, store: Store, most: int = _MOST) -> None:
        self.store = store
        self._most = most
        self._known: dict[str, Versioned] = {}

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the stored value, or ``default``, and remember its version."""
        found = await self.store.read(key)
        self._remember(key, found)
        return found.value if found.version else default

    async def update(
        self, key: str, function: Callable[[Any], Any], default: Any, *, ttl: float, absent: bool = False
    ) -> Any:
        """Replace a value by the result of a function, see ``Store.update``.

        ``absent`` is True if the key probably does not exist. The function must not change the value itself.
        """
        known = self._known.pop(key, Versioned(None, 0) if absent else None)
        if known is not None:
            try:
                new = function(known.value if known.version else default)
            except Exception:  # noqa: BLE001 - the stored value may be another one: raised below if it is not
                new, known = None, None
            if known is not None and await self._written(key, new, known.version, ttl):
                return new
        found = await self.store.read(key)
        new = function(found.value if found.version else default)
        if await self._written(key, new, found.version, ttl):
            return new
        return await self.store.update(key, function, default, ttl=ttl)  # many write at once: each waits for its turn

    def forget(self, key: str) -> None:
        """Forget an entry that is probably not written again, and may be large."""
        self._known.pop(key, None)

    async def _written(self, key: str, value: Any, version: int, ttl: float) -> bool:
        now = await self.store.compare_and_set(key, value, version, ttl=ttl)
        if now is not None:
            self._remember(key, Versioned(value, now))
        return now is not None

    def _remember(self, key: str, found: Versioned) -> None:
        self._known.pop(key, None)
        self._known[key] = found
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
