"""The synchronous face of a store, for functions that run in threads."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from agenthost.state.store import Held, Store, Versioned

__all__ = ["SyncStore"]

T = TypeVar("T")


class SyncStore:
    """A store for functions that run in threads; each method is that of ``Store`` with the same name.

    Args:
        store: the store.
        loop: gives the event loop that the store is used on.
    """

    __slots__ = ("_loop", "_store")

    def __init__(self, store: Store, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._store = store
        self._loop = loop

    def get(self, key: str, default: Any = None) -> Any:
        """See ``Store.get``."""
        return self._wait(self._store.get(key, default))

    def read(self, key: str) -> Versioned:
        """See ``Store.read``."""
        return self._wait(self._store.read(key))

    def exists(self, key: str) -> bool:
        """See ``Store.exists``."""
        return self._wait(self._store.exists(key))

    def set(self, key: str, value: Any, *, ttl: float | None = None) -> int:
        """See ``Store.set``."""
        return self._wait(self._store.set(key, value, ttl=ttl))

    def set_if_absent(self, key: str, value: Any, *, ttl: float | None = None) -> bool:
        """See ``Store.set_if_absent``."""
        return self._wait(self._store.set_if_absent(key, value, ttl=ttl))

    def compare_and_set(self, key: str, value: Any, version: int, *, ttl: float | None = None) -> int | None:
        """See ``Store.compare_and_set``."""
        return self._wait(self._store.compare_and_set(key, value, version, ttl=ttl))

    def incr(self, key: str, by: int = 1, *, ttl: float | None = None) -> int:
        """See ``Store.incr``."""
        return self._wait(self._store.incr(key, by, ttl=ttl))

    def update(self, key: str, function: Callable[[Any], Any], default: Any = None, *, ttl: float | None = None) -> Any:
        """See ``Store.update``; the function runs on the event loop, so it must not wait for anything."""
        return self._wait(self._store.update(key, function, default, ttl=ttl))

    def delete(self, key: str) -> bool:
        """See ``Store.delete``."""
        return self._wait(self._store.delete(key))

    @contextmanager
    def lock(self, key: str, *, ttl: float = 10.0, wait: float = 10.0) -> Iterator[Held]:
        """See ``Store.lock``."""
        lock = self._store.lock(key, ttl=ttl, wait=wait)
        held = self._wait(lock.__aenter__())
        try:
            yield held
        finally:
            self._wait(lock.__aexit__(None, None, None))

    def scan(self, prefix: str = "") -> Iterator[str]:
        """See ``Store.scan``."""
        return self._each(self._store.scan(prefix))

    def watch(self, key: str, *, every: float = 0.25) -> Iterator[Any]:
        """See ``Store.watch``; the thread waits between two values."""
        return self._each(self._store.watch(key, every=every))

    def ping(self) -> None:
        """See ``Store.ping``."""
        self._wait(self._store.ping())

    def _each(self, items: AsyncIterator[T]) -> Iterator[T]:
        async def following() -> tuple[T, ...]:
            async for item in items:
                return (item,)
            return ()

        while found := self._wait(following()):
            yield found[0]

    def _wait(self, operation: Coroutine[Any, Any, T]) -> T:
        if asyncio._get_running_loop() is not None:  # noqa: SLF001 - documented, and None says it best
            operation.close()
            msg = "sync is for functions that run in threads; on the event loop, await the store itself."
            raise RuntimeError(msg)
        try:
            loop = self._loop()
        except BaseException:
            operation.close()
            raise
        return asyncio.run_coroutine_threadsafe(operation, loop).result()
