"""Updates of one entry of the store by many requests at once, written together.

Many customers may send the same words at the same moment. Their turns share an entry, and one write for each of them
would let them wait for each other.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agenthost.errors import StateRefused
from agenthost.state.own_writes import OwnWrites

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost.state import Store

__all__ = ["Batches"]

_Change = tuple["Callable[[Any], Any]", float, "asyncio.Future[None]"]


class Batches:
    """Updates of a store's entries, each a list."""

    def __init__(self, store: Store) -> None:
        self._entries = OwnWrites(store)
        self._waiting: dict[str, list[_Change]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> list[Any]:
        """Return an entry, empty if the key does not exist.

        Raises:
            StateUnavailable: the store does not answer.
        """
        found: list[Any] = await self._entries.get(key, [])
        return found

    async def update(self, key: str, change: Callable[[Any], Any], *, ttl: float, absent: bool = False) -> None:
        """Replace an entry by the result of a function, see ``OwnWrites.update``.

        Functions of one moment are called one after the other.

        Raises:
            StateRefused: the result is too large.
            StateUnavailable: the store does not answer.
            BaseException: the function raised it.
        """
        await self.submit(key, change, ttl=ttl, absent=absent)

    def submit(
        self, key: str, change: Callable[[Any], Any], *, ttl: float, absent: bool = False
    ) -> asyncio.Future[None]:
        """Begin an update, see ``update``."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [(change, ttl, future)]
            task = asyncio.ensure_future(self._write_all(key, absent=absent))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        else:
            waiting.append((change, ttl, future))
        return future

    def forget(self, key: str) -> None:
        """Forget an entry, see ``OwnWrites.forget``."""
        self._entries.forget(key)

    async def _write_all(self, key: str, *, absent: bool) -> None:
        while batch := self._waiting[key]:
            self._waiting[key] = []
            try:
                await self._write(key, batch, absent=absent)
            except StateRefused:
                for change in batch:
                    await self._write_one(key, change)
            except BaseException as error:  # noqa: BLE001 - raised by those who wait
                for _, _, future in batch:
                    _fail(future, error)
        del self._waiting[key]

    async def _write(self, key: str, batch: list[_Change], *, absent: bool = False) -> None:
        errors: dict[int, BaseException] = {}

        def apply(value: Any) -> Any:
            errors.clear()
            for number, (change, _, _) in enumerate(batch):
                try:
                    value = change(value)
                except Exception as error:  # noqa: BLE001 - raised by the one who waits
                    errors[number] = error
            return value

        longest = max(ttl for _, ttl, _ in batch)
        await self._entries.update(key, apply, [], ttl=longest, absent=absent)
        for number, (_, _, future) in enumerate(batch):
            if number in errors:
                _fail(future, errors[number])
            elif not future.done():
                future.set_result(None)

    async def _write_one(self, key: str, change: _Change) -> None:
        try:
            await self._write(key, [change])
        except BaseException as error:  # noqa: BLE001 - as above
            _fail(change[2], error)


def _fail(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
