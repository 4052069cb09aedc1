"""Stores: the stores of agents, calls and shared names, from one opened store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from agenthost.errors import StateUnavailable
from agenthost.state.scope import Scope
from agenthost.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.state.provider import Entries, Entry

__all__ = ["CALL_TTL", "NO_STORES", "Stores"]

CALL_TTL = 86400.0
"""Time to live of the state of a call after its last write, in seconds."""


class Stores:
    """The stores of a host.

    Args:
        entries: the entries of the opened store.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._loop: asyncio.AbstractEventLoop | None = None

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

    def call(self, call_id: str) -> Store:
        """Return the state of a call. Without an ID, it is a store that refuses."""
        if not call_id:
            return Store(_Nowhere("the platform sent no call_id, so this call has no state"), Scope("call", ""))
        return Store(self._entries, Scope("call", call_id), CALL_TTL, self._serving)

    def _serving(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            msg = "the host is not serving yet, so its store has no event loop yet"
            raise StateUnavailable(msg)
        return self._loop


class _Nowhere:
    """Entries of a store that does not exist.

    Args:
        reason: the reason.
    """

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


NO_STORES = Stores(_Nowhere("no host serves this agent, so it has no state"))
"""The stores of agents that are not served."""
