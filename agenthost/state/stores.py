"""Stores: the stores of agents, calls and shared names, from one opened store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from agenthost.errors import StateUnavailable
from agenthost.state.scope import OwnScope, Scope
from agenthost.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from agenthost.state.provider import Entries, Entry

    Loop: TypeAlias = asyncio.AbstractEventLoop

__all__ = ["CALL_TTL", "NO_STORES", "Stores"]

_CALLS = b"call/"

CALL_TTL = 86400.0
"""Time to live of the state of a call after its last write, in seconds."""


class Stores:
    """The stores of a host.

    Args:
        entries: the entries of the opened store.
        serving: returns the event loop that threads use; None for the one that ``serve`` was called on.
    """

    def __init__(self, entries: Entries, serving: Callable[[], Loop] | None = None) -> None:
        self._entries = entries
        self._loop: Loop | None = None
        self._serving = serving or self._own_loop

    @property
    def entries(self) -> Entries:
        """The entries of the opened store."""
        return self._entries

    def serve(self) -> None:
        """Let threads use the stores on the current event loop."""
        self._loop = asyncio.get_running_loop()

    def agent(self, key: str) -> Store:
        """Return the state of an agent."""
        return Store(self._entries, Scope("agent", key), None, self._serving)

    def shared(self, name: str) -> Store:
        """Return the state that agents share under a name."""
        return Store(self._entries, Scope("host", name), None, self._serving)

    def own(self, name: str, ttl: float | None = None) -> Store:
        """Return data of the host itself, which no package can name.

        Args:
            name: a name for it.
            ttl: seconds that an entry lives after its last write; None for ever.
        """
        return Store(self._entries, OwnScope(name), ttl, self._serving)

    def within(self, group: str) -> Stores:
        """Return these stores for agents with other credentials.

        The state of calls is separate from that of other groups.

        Args:
            group: a name for these agents, of letters, digits, ``-`` and ``_``.
        """
        return Stores(_CallsApart(self._entries, group), self._serving)

    @property
    def group(self) -> str:
        """The name given to ``within``, empty for the stores of the host's credentials."""
        return self._entries.group if isinstance(self._entries, _CallsApart) else ""

    @property
    def whole(self) -> Entries:
        """The entries of the opened store, with the state of the calls of every group."""
        return self._entries.entries if isinstance(self._entries, _CallsApart) else self._entries

    def call(self, call_id: str) -> Store:
        """Return the state of a call. Without an ID, it is a store that refuses."""
        if not call_id:
            return Store(_NoEntries("the platform sent no call_id, so this call has no state"), Scope("call", ""))
        return Store(self._entries, Scope("call", call_id), CALL_TTL, self._serving)

    def _own_loop(self) -> Loop:
        if self._loop is None:
            msg = "the host is not serving yet, so its store has no event loop yet"
            raise StateUnavailable(msg)
        return self._loop


class _CallsApart:
    """The entries of a store, with the entries of calls kept separate by credentials."""

    def __init__(self, entries: Entries, group: str) -> None:
        self.entries = entries
        self.group = group
        self._apart = f"call.{group}/".encode()

    def _key(self, key: bytes) -> bytes:
        return self._apart + key.removeprefix(_CALLS) if key.startswith(_CALLS) else key

    async def read(self, key: bytes) -> Entry | None:
        return await self.entries.read(self._key(key))

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        return await self.entries.put(self._key(key), value, ttl)

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        return await self.entries.put_if(self._key(key), value, version, ttl)

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        return await self.entries.add(self._key(key), by, ttl)

    async def remove(self, key: bytes, version: int | None) -> bool:
        return await self.entries.remove(self._key(key), version)

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        keys, following = await self.entries.page(self._key(prefix), cursor, most)
        if not prefix.startswith(_CALLS):
            return keys, following
        return [_CALLS + key.removeprefix(self._apart) for key in keys], following

    async def ping(self) -> None:
        await self.entries.ping()

    async def close(self) -> None:
        """Do nothing: the host closes its store."""


class _NoEntries:
    """Entries of a store that does not exist."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def _refuse(self) -> NoReturn:
        raise StateUnavailable(self._reason)

    async def read(self, key: bytes) -> Entry | None:  # noqa: ARG002 - as Entries has it, and so below
        self._refuse()

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:  # noqa: ARG002
        self._refuse()

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:  # noqa: ARG002
        self._refuse()

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:  # noqa: ARG002
        self._refuse()

    async def remove(self, key: bytes, version: int | None) -> bool:  # noqa: ARG002
        self._refuse()

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:  # noqa: ARG002
        self._refuse()

    async def ping(self) -> None:
        self._refuse()

    async def close(self) -> None:
        """Do nothing, as there is nothing to close."""


NO_STORES = Stores(_NoEntries("no host serves this agent, so it has no state"))
"""The stores of agents that are not served."""
