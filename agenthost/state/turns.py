"""Turns at the keys of a store, in the order of the arrival of writers.

Writers that only compare and set repeat their work whenever another one was quicker, and wait ever longer for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Turns"]

_Place: TypeAlias = "tuple[asyncio.AbstractEventLoop, int, bytes]"
"""An event loop, the identity of the entries of a store, and a key."""


class Turns:
    """The turns of a process, kept for a key while it has a writer."""

    def __init__(self) -> None:
        self._waiting: dict[_Place, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def at(self, entries: object, key: bytes) -> AsyncIterator[None]:
        """Wait for the turn at a key, and hold it during the block."""
        loop = asyncio.get_running_loop()
        place = loop, id(entries), key
        waiting = self._waiting.get(place)
        if waiting is None:
            self._waiting[place] = deque()
        else:
            turn: asyncio.Future[None] = loop.create_future()
            waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.cancelled():
                    with suppress(ValueError):  # passed over already
                        waiting.remove(turn)
                else:  # it had just come
                    self._pass_on(place)
                raise
        try:
            yield
        finally:
            self._pass_on(place)

    def _pass_on(self, place: _Place) -> None:
        waiting = self._waiting[place]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[place]
