"""The host's store as an agent in a process of its own sees it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenthost.errors import StateRefused, StateUnavailable
from agenthost.state import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost._host.isolation.frames import Frames

__all__ = ["HostEntries", "asked"]

asked: ContextVar[int] = ContextVar("agenthost_asked", default=0)
"""The number of the host's request that code of the agent runs for."""


class HostEntries:
    """The entries of the host's store, read and written by frames.

    See ``agenthost.state.Entries``.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._last = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    def answered(self, number: int, content: Any) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is None or waiting.done():
            return
        problem, value = content
        if problem == "refused":
            waiting.set_exception(StateRefused(value))
        elif problem:
            waiting.set_exception(StateUnavailable(value))
        else:
            waiting.set_result(value)

    async def _ask(self, operation: str, *arguments: Any) -> Any:
        self._last += 1
        number = self._last
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._frames.send("store", number, [asked.get(), operation, *arguments])
        try:
            return await waiting
        finally:
            self._waiting.pop(number, None)

    async def read(self, key: bytes) -> Entry | None:
        found = await self._ask("read", key)
        return None if found is None else Entry(*found)

    async def put(self, key: bytes, value: bytes, ttl: float | None) -> int:
        version: int = await self._ask("put", key, value, ttl)
        return version

    async def put_if(self, key: bytes, value: bytes, version: int, ttl: float | None) -> int | None:
        written: int | None = await self._ask("put_if", key, value, version, ttl)
        return written

    async def add(self, key: bytes, by: int, ttl: float | None) -> int:
        total: int = await self._ask("add", key, by, ttl)
        return total

    async def remove(self, key: bytes, version: int | None) -> bool:
        removed: bool = await self._ask("remove", key, version)
        return removed

    async def page(self, prefix: bytes, cursor: bytes, most: int) -> tuple[Sequence[bytes], bytes]:
        keys, following = await self._ask("page", prefix, cursor, most)
        return keys, following

    async def ping(self) -> None:
        await self._ask("ping")

    async def close(self) -> None:
        """Do nothing: the host closes its store."""
