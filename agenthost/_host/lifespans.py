"""Lifespans: what agents and plugins keep open while they are served, each in a task of its own.

A lifespan is entered and left in one task, as task groups and cancel scopes need it. One that fails to begin is told to
whoever asks; it never ends another.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

__all__ = ["BEGINNING", "ENDING", "Lifespan", "Lifespans"]

BEGINNING = 10.0
"""Seconds that a lifespan has to begin."""
ENDING = 3.0
"""Seconds that it has to end."""

K = TypeVar("K")

_log = logging.getLogger("agenthost")


class Lifespan:
    """An asynchronous context manager that is entered and left in a task of its own.

    Args:
        what: whose it is, for the log.
        make: makes the context manager.
        changed: called when it has begun or failed.
    """

    def __init__(self, what: str, make: Callable[[], object], changed: Callable[[], None]) -> None:
        self._what = what
        self._make = make
        self._changed = changed
        self._over = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.begun = False
        self.error: BaseException | None = None
        self.settled = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    def end(self) -> None:
        """Let it end; ``task`` is done when it has."""
        self._over.set()

    async def _run(self) -> None:
        try:
            context = await self._enter()
        except BaseException as error:
            if _cancelled(error):
                raise
            self.error = error
            _log.error("the lifespan of %s did not begin", self._what, exc_info=error)
        else:
            self.begun = True
        self.settled.set()
        self._changed()
        if not self.begun:
            return
        with suppress(asyncio.CancelledError):  # the host has no more time: it is still left
            await self._over.wait()
        try:
            async with asyncio.timeout(ENDING):
                await context.__aexit__(None, None, None)
        except BaseException as error:
            if _cancelled(error):
                raise
            _log.error("the lifespan of %s did not end well", self._what, exc_info=error)

    async def _enter(self) -> AbstractAsyncContextManager[object]:
        context = self._make()
        if not (hasattr(context, "__aenter__") and hasattr(context, "__aexit__")):
            if asyncio.iscoroutine(context):
                context.close()
            kind = type(context).__name__
            msg = f"its lifespan gives {kind}, no async context manager: write @asynccontextmanager above it"
            raise DefinitionError(msg)
        bound = asyncio.timeout(BEGINNING)
        try:
            async with bound:
                await context.__aenter__()
        except TimeoutError as error:
            if bound.expired():
                raise TimeoutError(f"its lifespan did not begin within {BEGINNING:g} s") from error
            raise
        return context


class Lifespans(Generic[K]):
    """The lifespans of one host, by whose they are.

    They begin once somebody ``open``s them on an event loop; ``want`` may be called from any thread.

    Args:
        describe: how the log calls an owner.
        changed: called on the event loop when one has begun or failed.
    """

    def __init__(self, describe: Callable[[K], str], changed: Callable[[], None]) -> None:
        self._describe = describe
        self._changed = changed
        self._wanted: Mapping[K, Callable[[], object]] = {}
        self._running: dict[K, Lifespan] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def want(self, makers: Mapping[K, Callable[[], object]]) -> None:
        """Have exactly these run from now on; those of others end."""
        self._wanted = makers
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._follow)

    def begun(self, owner: K) -> bool:
        """Whether an owner has what it needs: its lifespan has begun, or it has none."""
        if owner not in self._wanted:
            return True
        running = self._running.get(owner)
        return running is not None and running.begun

    def error(self, owner: K) -> BaseException | None:
        """Why an owner's lifespan did not begin; None unless it failed."""
        running = self._running.get(owner)
        return running.error if running is not None and owner in self._wanted else None

    @property
    def waiting(self) -> bool:
        """Whether some are wanted, and nobody has opened them."""
        return bool(self._wanted) and (self._loop is None or self._loop.is_closed())

    async def open(self) -> None:
        """Begin those that are wanted, here; returns when each has begun or failed."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._running = {owner: kept for owner, kept in self._running.items() if kept.loop is loop}
        self._follow()
        await _each(running.settled.wait() for running in list(self._running.values()))

    async def close(self) -> None:
        """End all; returns when they have ended, or took too long."""
        self._loop = None
        for owner in list(self._running):
            self._end(owner)
        if self._ending:
            await asyncio.wait(self._ending, timeout=ENDING + 1)

    def _follow(self) -> None:
        """Begin what is new, end what is gone."""
        wanted = self._wanted
        for owner in [owner for owner in self._running if owner not in wanted]:
            self._end(owner)
        for owner, make in wanted.items():
            if owner not in self._running:
                self._running[owner] = Lifespan(self._describe(owner), make, self._changed)

    def _end(self, owner: K) -> None:
        ended = self._running.pop(owner)
        ended.end()
        if not ended.settled.is_set():
            ended.task.cancel()
        self._ending.add(ended.task)
        ended.task.add_done_callback(self._ending.discard)


async def _each(waits: Iterable[object]) -> None:
    for wait in waits:
        await wait  # type: ignore[misc]


def _cancelled(error: BaseException) -> bool:
    """Whether our own task was asked to end."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
