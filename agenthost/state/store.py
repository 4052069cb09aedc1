"""Store: the state of one scope, as agents use it."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from agenthost.state.scope import Scope, encoded_key
from agenthost.state.values import checked_integer, checked_ttl, decode, encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator

    from agenthost.state.provider import Entries
    from agenthost.state.scope import Sort

__all__ = ["Held", "Store", "SyncStore", "Versioned"]

T = TypeVar("T")

_PAUSES = (0.002, 0.05)
"""Seconds that somebody waits at most before trying again: at first, and in the end."""
_LOCK_PAUSE = 0.05
_PAGE = 500


@frozen(slots=True)
class Versioned:
    """A value with the version that ``compare_and_set`` compares.

    Args:
        value: the value; None when the key is not there.
        version: changes with every write; 0 when the key is not there.
    """

    value: Any
    version: int


@frozen(slots=True)
class Held:
    """A lock that is held.

    Args:
        fence: grows with each time that this lock is taken. What the lock guards can refuse a number below one that
            it has seen: its sender believed to hold a lock that had passed on.
    """

    fence: int


class Store:
    """Values under keys, in one scope; every operation is atomic, among processes and hosts too.

    Keys are text of at most 512 bytes, values what JSON carries, at most 256 KiB of it. Everything that is awaited
    raises ``StateUnavailable`` when the store cannot be reached; a write may then have happened or not.

    Args:
        entries: where they are kept.
        scope: whose they are.
        ttl: seconds that an entry lives after its last write, where a call does not say; None for ever.
        loop: gives the event loop that ``sync`` runs on.
    """

    __slots__ = ("_entries", "_loop", "_prefix", "_ttl", "scope")

    def __init__(
        self,
        entries: Entries,
        scope: Scope,
        ttl: float | None = None,
        loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_running_loop,
    ) -> None:
        self._entries = entries
        self._ttl = ttl
        self._loop = loop
        self._prefix = b""
        self.scope = scope

    @property
    def sync(self) -> SyncStore:
        """The same store for functions that run in threads, as tools do that are not ``async``."""
        return SyncStore(self, self._loop)

    async def get(self, key: str, default: Any = None) -> Any:
        """The value; ``default`` when the key is not there.

        Raises:
            StateRefused: the key cannot be one.
        """
        entry = await self._entries.read(self._key(key))
        return default if entry is None else decode(entry.value)

    async def read(self, key: str) -> Versioned:
        """The value with its version, for ``compare_and_set``.

        Raises:
            StateRefused: the key cannot be one.
        """
        entry = await self._entries.read(self._key(key))
        return Versioned(None, 0) if entry is None else Versioned(decode(entry.value), entry.version)

    async def exists(self, key: str) -> bool:
        """Whether the key is there.

        Raises:
            StateRefused: the key cannot be one.
        """
        return await self._entries.read(self._key(key)) is not None

    async def set(self, key: str, value: Any, *, ttl: float | None = None) -> int:
        """Write a value, whatever is there.

        Args:
            key: the key.
            value: the value.
            ttl: seconds that it lives; left out, the store's own, which for most is for ever.

        Returns:
            The new version.

        Raises:
            StateRefused: key, value or ttl cannot be one.
        """
        return await self._entries.put(self._key(key), encode(value), self._lives(ttl))

    async def set_if_absent(self, key: str, value: Any, *, ttl: float | None = None) -> bool:
        """Write a value if the key is not there; of several that try, one does.

        Args:
            key: the key.
            value: the value.
            ttl: see ``set``.

        Returns:
            Whether it was written.

        Raises:
            StateRefused: key, value or ttl cannot be one.
        """
        return await self._entries.put_if(self._key(key), encode(value), 0, self._lives(ttl)) is not None

    async def compare_and_set(self, key: str, value: Any, version: int, *, ttl: float | None = None) -> int | None:
        """Write a value if nobody has written since it was read.

        Args:
            key: the key.
            value: the value.
            version: what ``read``, ``set`` or this gave; 0 if the key must not be there.
            ttl: seconds that it lives; left out, what it has stays.

        Returns:
            The new version; None when another one is there, which stays.

        Raises:
            StateRefused: key, value, version or ttl cannot be one.
        """
        return await self._entries.put_if(self._key(key), encode(value), checked_integer(version), self._lives(ttl))

    async def incr(self, key: str, by: int = 1, *, ttl: float | None = None) -> int:
        """Add to an integer, which is 0 when the key is not there.

        Args:
            key: the key.
            by: what is added; below 0 takes away.
            ttl: seconds that it lives; left out, what it has stays.

        Returns:
            The sum.

        Raises:
            StateRefused: no integer is there, the sum has more than 64 bits, or key, ``by`` or ttl cannot be one.
        """
        return await self._entries.add(self._key(key), checked_integer(by), self._lives(ttl))

    async def update(
        self, key: str, function: Callable[[Any], Any], default: Any = None, *, ttl: float | None = None
    ) -> Any:
        """Replace a value by what ``function`` makes of it, and lose nothing that others write meanwhile.

        Args:
            key: the key.
            function: gets the value, gives the new one. It is called again when somebody else has written meanwhile,
                so it should do nothing else.
            default: what it gets when the key is not there.
            ttl: seconds that it lives; left out, what it has stays.

        Returns:
            The new value.

        Raises:
            StateRefused: key, ttl, default, or what the function gives, cannot be one.
            BaseException: whatever the function raises; the value stays.
        """
        full, lives, absent = self._key(key), self._lives(ttl), encode(default)
        pause, longest = _PAUSES
        while True:
            entry = await self._entries.read(full)
            new = function(decode(absent if entry is None else entry.value))
            written = await self._entries.put_if(full, encode(new), 0 if entry is None else entry.version, lives)
            if written is not None:
                return new
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - only so that they do not meet again
            pause = min(2 * pause, longest)

    async def delete(self, key: str) -> bool:
        """Remove the key; gives whether it was there.

        Raises:
            StateRefused: the key cannot be one.
        """
        return await self._entries.remove(self._key(key), None)

    @asynccontextmanager
    async def lock(self, key: str, *, ttl: float = 10.0, wait: float = 10.0) -> AsyncIterator[Held]:
        """Hold a lock while a block runs; locks and values have keys of their own.

        A holder that dies, or takes longer than ``ttl``, loses it: what must not be done by two even then has to look
        at the fence.

        Args:
            key: the lock's name.
            ttl: seconds after which it passes on in any case.
            wait: seconds to wait for it.

        Yields:
            The lock, with its fence.

        Raises:
            StateRefused: key or ttl cannot be one.
            TimeoutError: others held it all the time.
        """
        full, lives = self._key(key, "lock"), checked_ttl(ttl)
        holder = encode(secrets.token_hex(8))
        async with asyncio.timeout(wait):
            while True:
                version = await self._entries.put_if(full, holder, 0, lives)
                if version is not None:
                    # The number is drawn by the holder, and counts if it still was one then: so it grows.
                    fence = await self._entries.add(self._key(key, "fence"), 1, self._ttl)
                    entry = await self._entries.read(full)
                    if entry is not None and entry.version == version:
                        break
                await asyncio.sleep(random.uniform(0, _LOCK_PAUSE))  # noqa: S311 - as above
        try:
            yield Held(fence)
        finally:
            await self._entries.remove(full, version)

    async def scan(self, prefix: str = "") -> AsyncGenerator[str, None]:
        """The keys that begin with ``prefix``, in any order; those written or removed meanwhile may be among them.

        Raises:
            StateRefused: the prefix cannot be one.
        """
        start = self._start("data")
        wanted = start + (encoded_key(prefix) if prefix else b"")
        seen: set[bytes] = set()
        cursor = b""
        while True:
            keys, cursor = await self._entries.page(wanted, cursor, _PAGE)
            for key in keys:
                if key not in seen:
                    seen.add(key)
                    yield key[len(start) :].decode()
            if not cursor:
                return

    async def watch(self, key: str, *, every: float = 0.25) -> AsyncGenerator[Any, None]:
        """The value now, and again whenever it has changed; None when the key is not there.

        It looks every so often: of several changes in between, the last is seen.

        Args:
            key: the key.
            every: seconds between two looks.

        Raises:
            StateRefused: the key cannot be one.
        """
        last = -1
        while True:
            now = await self.read(key)
            if now.version != last:
                last = now.version
                yield now.value
            await asyncio.sleep(every)

    async def ping(self) -> None:
        """Return when the store answers."""
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
