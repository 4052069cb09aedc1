"""Store: the state of one scope, for agents."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from agenthost.state.scope import OwnScope, Scope, encoded_key
from agenthost.state.turns import Turns
from agenthost.state.values import checked_integer, checked_ttl, decode, encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator

    from agenthost.state.provider import Entries
    from agenthost.state.scope import Sort

__all__ = ["Held", "Store", "SyncStore", "Versioned"]

T = TypeVar("T")

_PAUSES = (0.002, 0.05)
"""Longest pauses between two attempts, in seconds: the first and the last."""
_LOCK_PAUSE = 0.05
_random = random.SystemRandom()
"""Not the generator of the program: tests of authors repeat what it returns."""
_turns = Turns()
_PAGE = 1000


@frozen(slots=True)
class Versioned:
    """A value with its version, for ``compare_and_set``.

    Args:
        value: the value. None if the key does not exist.
        version: the version, which changes with every write. 0 if the key does not exist.
    """

    value: Any
    version: int


@frozen(slots=True)
class Held:
    """A lock that is held.

    Args:
        fence: a number that grows each time the lock is acquired. The guarded resource can refuse a lower number than
            it has seen, because its sender has lost the lock.
    """

    fence: int


class Store:
    """Values under keys, in one scope.

    Every operation is atomic, between processes and hosts too. Keys are text of at most 512 bytes, values are JSON of
    at most 256 KiB. Every coroutine raises ``StateUnavailable`` if the store cannot be reached. A write may or may not
    have happened then.

    Args:
        entries: the entries of the opened store.
        scope: the scope.
        ttl: default time to live after the last write, in seconds. None for ever.
        loop: returns the event loop for ``sync``.
    """

    __slots__ = ("_entries", "_loop", "_prefix", "_ttl", "scope")

    def __init__(
        self,
        entries: Entries,
        scope: Scope | OwnScope,
        ttl: float | None = None,
        loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_running_loop,
    ) -> None:
        self._entries = entries
        self._ttl = ttl
        self._loop = loop
        self._prefix = b""
        self.scope = scope

    @property
    def group(self) -> str:
        """The group of the calls that it belongs to, see ``Stores.within``."""
        group: str = getattr(self._entries, "group", "")
        return group

    @property
    def sync(self) -> SyncStore:
        """The same store for functions in threads, such as tools that are not ``async``."""
        return SyncStore(self, self._loop)

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or ``default`` if the key does not exist.

        Raises:
            StateRefused: the key is invalid.
        """
        entry = await self._entries.read(self._key(key))
        return default if entry is None else decode(entry.value)

    async def read(self, key: str) -> Versioned:
        """Return the value with its version, for ``compare_and_set``.

        Raises:
            StateRefused: the key is invalid.
        """
        entry = await self._entries.read(self._key(key))
        return Versioned(None, 0) if entry is None else Versioned(decode(entry.value), entry.version)

    async def exists(self, key: str) -> bool:
        """Return True if the key exists.

        Raises:
            StateRefused: the key is invalid.
        """
        return await self._entries.read(self._key(key)) is not None

    async def set(self, key: str, value: Any, *, ttl: float | None = None) -> int:
        """Write a value unconditionally.

        Args:
            key: the key.
            value: the value.
            ttl: time to live in seconds. Defaults to the store's own, usually for ever.

        Returns:
            The new version.

        Raises:
            StateRefused: the key, the value or the ttl is invalid.
        """
        return await self._entries.put(self._key(key), encode(value), self._lives(ttl))

    async def set_if_absent(self, key: str, value: Any, *, ttl: float | None = None) -> bool:
        """Write a value if the key does not exist. Of concurrent attempts, one succeeds.

        Args:
            key: the key.
            value: the value.
            ttl: see ``set``.

        Returns:
            Whether it was written.

        Raises:
            StateRefused: the key, the value or the ttl is invalid.
        """
        return await self._entries.put_if(self._key(key), encode(value), 0, self._lives(ttl)) is not None

    async def compare_and_set(self, key: str, value: Any, version: int, *, ttl: float | None = None) -> int | None:
        """Write a value if it has not been written since it was read.

        Args:
            key: the key.
            value: the value.
            version: the version from ``read``, ``set`` or this method, or 0 if the key must not exist.
            ttl: time to live in seconds. Defaults to the entry's own.

        Returns:
            The new version. None if the entry has another version, and is unchanged.

        Raises:
            StateRefused: the key, the value, the version or the ttl is invalid.
        """
        return await self._entries.put_if(self._key(key), encode(value), checked_integer(version), self._lives(ttl))

    async def incr(self, key: str, by: int = 1, *, ttl: float | None = None) -> int:
        """Add to an integer. A missing key counts as 0.

        Args:
            key: the key.
            by: the addend, which may be negative.
            ttl: time to live in seconds. Defaults to the entry's own.

        Returns:
            The sum.

        Raises:
            StateRefused: the value is not an integer, the sum has more than 64 bits, or an argument is invalid.
        """
        return await self._entries.add(self._key(key), checked_integer(by), self._lives(ttl))

    async def update(
        self, key: str, function: Callable[[Any], Any], default: Any = None, *, ttl: float | None = None
    ) -> Any:
        """Replace a value by the result of a function, without losing concurrent writes.

        Args:
            key: the key.
            function: takes the value and returns the new one. It is called again after a concurrent write, so it
                should have no other effects.
            default: its argument if the key does not exist.
            ttl: time to live in seconds. Defaults to the entry's own.

        Returns:
            The new value.

        Raises:
            StateRefused: an argument, or the result of the function, is invalid.
            BaseException: the function raised it. The value is unchanged.
        """
        full, lives, absent = self._key(key), self._lives(ttl), encode(default)
        pause, longest = _PAUSES
        async with _turns.at(self._entries, full):
            while True:
                entry = await self._entries.read(full)
                new = function(decode(absent if entry is None else entry.value))
                written = await self._entries.put_if(full, encode(new), 0 if entry is None else entry.version, lives)
                if written is not None:
                    return new
                await asyncio.sleep(_random.uniform(0, pause))
                pause = min(2 * pause, longest)

    async def delete(self, key: str) -> bool:
        """Remove the key. Return True if it existed.

        Raises:
            StateRefused: the key is invalid.
        """
        return await self._entries.remove(self._key(key), None)

    @asynccontextmanager
    async def lock(self, key: str, *, ttl: float = 10.0, wait: float = 10.0) -> AsyncIterator[Held]:
        """Hold a lock while a block runs.

        Locks and values have separate keys. A holder that dies, or takes longer than ``ttl``, loses the lock. A
        resource that must be safe even then has to check the fence.

        Args:
            key: the lock's name.
            ttl: seconds after which the lock is released in any case.
            wait: seconds to wait for it.

        Yields:
            The lock, with its fence.

        Raises:
            StateRefused: the key or the ttl is invalid.
            TimeoutError: the lock was not free in time.
        """
        full, lives = self._key(key, "lock"), checked_ttl(ttl)
        holder = encode(secrets.token_hex(8))
        async with asyncio.timeout(wait):
            while True:
                version = await self._entries.put_if(full, holder, 0, lives)
                if version is not None:
                    # A holder increments the counter, and uses it only if it still holds the lock. So fences grow.
                    fence = await self._entries.add(self._key(key, "fence"), 1, self._ttl)
                    entry = await self._entries.read(full)
                    if entry is not None and entry.version == version:
                        break
                await asyncio.sleep(_random.uniform(0, _LOCK_PAUSE))
        try:
            yield Held(fence)
        finally:
            await self._entries.remove(full, version)

    async def scan(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """Yield the keys that begin with ``prefix``, in any order.

        Keys that are written or removed meanwhile may be among them.

        Raises:
            StateRefused: the prefix is invalid.
        """
        start = self._start("data")
        wanted = start + (encoded_key(prefix) if prefix else b"")
        seen: set[bytes] = set()
        length, cursor = len(start), b""
        while True:
            keys, cursor = await self._entries.page(wanted, cursor, _PAGE)
            fresh = [key[length:].decode() for key in dict.fromkeys(keys) if key not in seen]
            seen.update(keys)
            for key in fresh:
                yield key
            if not cursor:
                return

    async def watch(self, key: str, *, every: float = 0.25) -> AsyncGenerator[Any, None]:
        """Yield the value now, and again after each change.

        A missing key has the value None. The store is polled, so of several changes between two polls, only the last is
        seen.

        Args:
            key: the key.
            every: seconds between two polls.

        Raises:
            StateRefused: the key is invalid.
        """
        last = -1
        while True:
            now = await self.read(key)
            if now.version != last:
                last = now.version
                yield now.value
            await asyncio.sleep(every)

    async def ping(self) -> None:
        """Return if the store answers."""
        await self._entries.ping()

    def __repr__(self) -> str:
        return f"Store({self.scope.kind} {self.scope.name!r})"

    def _lives(self, ttl: float | None) -> float | None:
        return self._ttl if ttl is None else checked_ttl(ttl)

    def _start(self, sort: Sort) -> bytes:
        if sort != "data":
            return self.scope.prefix(sort)
        if not self._prefix:
            self._prefix = self.scope.prefix(sort)
        return self._prefix

    def _key(self, key: str, sort: Sort = "data") -> bytes:
        return self._start(sort) + encoded_key(key)


class SyncStore:
    """A store for functions in threads.

    Each method does the same as the method of ``Store`` with its name.

    Args:
        store: the store.
        loop: returns the event loop that the store is used on.
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
        """See ``Store.update``.

        The function runs on the event loop, so it must not block.
        """
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
        """See ``Store.watch``. The thread waits between two values."""
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
        if asyncio._get_running_loop() is not None:  # noqa: SLF001 - documented, and returns None instead of raising
            operation.close()
            msg = "sync is for functions that run in threads. fix: on the event loop, await the store itself."
            raise RuntimeError(msg)
        try:
            loop = self._loop()
        except BaseException:
            operation.close()
            raise
        return asyncio.run_coroutine_threadsafe(operation, loop).result()
