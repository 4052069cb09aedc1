"""An event loop on a thread of its own, for code that is not asynchronous."""

from __future__ import annotations

import asyncio
import atexit
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from agenthost.state import Entries, Entry

__all__ = ["Across", "OwnLoop", "shared_loop"]

T = TypeVar("T")

_ENDING = 10.0


class OwnLoop:
    """An event loop that runs on a daemon thread until it is closed."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end from another thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end from another event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def close(self) -> None:
        """Cancel what still runs, and close the loop."""
        if self.loop.is_closed():
            return
        self.run(_cancel_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_ENDING)
        self.loop.close()


class Across:
    """The entries of a store on another event loop.

    Args:
        entries: the entries.
        loop: the loop that uses them.
    """

    def __init__(self, entries: Entries, loop: OwnLoop) -> None:
        self._entries = entries
        self._loop = loop

    async def read(self, key: bytes) -> Entry | None:
        """Return the entry under ``key``, or None."""
        return await self._loop.wait(self._entries.read(key))

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        """Write an entry unconditionally, and return the new version."""
        return await self._loop.wait(self._entries.put(key, value, ttl))

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        """Write an entry if it still has ``version``."""
        return await self._loop.wait(self._entries.put_if(key, value, version, ttl))

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        """Add to an integer, and return the sum."""
        return await self._loop.wait(self._entries.add(key, by, ttl))

    async def remove(self, key: bytes, version: int | None) -> bool:
        """Remove the entry if it has ``version``, or any for None."""
        return await self._loop.wait(self._entries.remove(key, version))

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        """List some of the keys that begin with ``prefix``."""
        return await self._loop.wait(self._entries.page(prefix, cursor, most))

    async def ping(self) -> None:
        """Return if the store answers."""
        await self._loop.wait(self._entries.ping())

    async def close(self) -> None:
        """Do nothing, as the host closes its store."""


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


@lru_cache(maxsize=1)
def shared_loop() -> OwnLoop:
    """Return a loop for all stores outside hosts, closed at the end of the process."""
    loop = OwnLoop("agenthost-testing-stores")
    atexit.register(loop.close)
    return loop
