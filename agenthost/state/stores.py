"""Stores: from one opened store, those of each agent, call and shared name."""

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
"""Seconds that the state of a call is kept after its last write."""


class Stores:
    """The stores of a host.

    Args:
        entries: where everything is kept.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def entries(self) -> Entries:
        """Where everything is kept."""
        return self._entries

    def serve(self) -> None:
        """Let what runs in threads use the stores on the event loop that calls this."""
        self._loop = asyncio.get_running_loop()

    def agent(self, key: str) -> Store:
        """The state of an agent."""
        return Store(self._entries, Scope("agent", key), None, self._serving)

    def shared(self, name: str) -> Store:
        """What agents share under a name."""
        return Store(self._entries, Scope("host", name), None, self._serving)

    def call(self, call_id: str) -> Store:
        """The state of a call; of one without an id, a store that refuses."""
        if not call_id:
            return Store(_Nowhere("the platform sent no call_id, so this call has no state"), Scope("call", ""))
        return Store(self._entries, Scope("call", call_id), CALL_TTL, self._serving)

    def _serving(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            msg = "the host is not serving yet, so there is no event loop to use its store on"
            raise StateUnavailable(msg)
        return self._loop


class _Nowhere:
    """Entries that are not there.

    Args:
        reason: why.
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
        """There is nothing to close."""


NO_STORES = Stores(_Nowhere("no host serves this agent, so it has no state"))
"""The stores of what is not served."""
