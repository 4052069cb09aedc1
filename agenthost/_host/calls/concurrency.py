"""Slots: how many calls of one agent run at once, and which is next."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Busy", "Slots"]


class Busy(Exception):  # noqa: N818 - a state, not an error
    """All slots of an agent are taken, and none came free in time."""


class Slots:
    """A number of slots, given to waiting calls in the order of arrival.

    ``queue`` is the number that may wait; None for any number.
    """

    __slots__ = ("_free", "_queue", "_waiting")

    def __init__(self, number: int, queue: int | None = None) -> None:
        self._free = number
        self._queue = queue
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> int:
        """The number of free slots."""
        return self._free

    @property
    def waiting(self) -> int:
        """The number of calls that wait for a slot."""
        return len(self._waiting)

    def take_now(self) -> bool:
        """Take a slot if one is free. Return it with ``give_back``."""
        if self._free:  # then no call waits: a returned slot goes to one that does
            self._free -= 1
            return True
        return False

    async def take(self, patience: float | None = None) -> None:
        """Wait for a slot and take it. Return it with ``give_back``.

        ``patience`` is a number of seconds to wait for one; None for as long as it takes.

        Raises:
            Busy: none came free, or too many wait already: then at once.
        """
        if self.take_now():
            return
        if self._queue is not None and len(self._waiting) >= self._queue:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        taken = False
        try:
            taken = bool((await asyncio.wait((turn,), timeout=patience))[0])
        finally:
            if not taken and turn.done():
                self.give_back()  # it came free just when the call had stopped waiting
            elif not taken:
                self._waiting.remove(turn)
        if not taken:
            raise Busy

    def give_back(self) -> None:
        """Return a slot: to the first call that waits, else to the next one."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
