"""Slots: how much of one agent runs at once, and whose turn is next."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Busy", "Slots"]


class Busy(Exception):  # noqa: N818 - a state, not an error
    """All slots of an agent are taken, and none came free in time."""


class Slots:
    """A number of slots; who comes while all are taken waits, and the first that came is the first to go on.

    Args:
        number: how many there are.
        queue: how many may wait; None for any number.
    """

    __slots__ = ("_free", "_queue", "_waiting")

    def __init__(self, number: int, queue: int | None = None) -> None:
        self._free = number
        self._queue = queue
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> int:
        """How many nobody has."""
        return self._free

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    def take_now(self) -> bool:
        """Take a slot if one is free; it is given back by ``give_back``."""
        if self._free:  # then nobody waits: a slot that is given back goes to who does
            self._free -= 1
            return True
        return False

    async def take(self, patience: float | None = None) -> None:
        """Take a slot, which is given back by ``give_back``.

        Args:
            patience: seconds to wait for one; None for as long as it takes.

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
                self.give_back()  # it came just when nobody waited any longer
            elif not taken:
                self._waiting.remove(turn)
        if not taken:
            raise Busy

    def give_back(self) -> None:
        """Give a slot back: to the first that waits, else to the next that comes."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
