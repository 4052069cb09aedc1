"""Lifespans: resources that agents and plugins keep open while they are served.

A lifespan is entered and left in one task, as task groups and cancel scopes need it. The error of one that fails to
begin is kept for its owner. It never ends another lifespan.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from agenthost._host.calls.author_threads import Threads
from agenthost._host.telemetry.current_call import running
from agenthost.errors import DefinitionError, PlanError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from agenthost._host.telemetry.current_call import Owner

__all__ = ["ENDING", "Lifespan", "Lifespans", "lifespan_around"]

ENDING = 3.0
"""Seconds that a lifespan has to end."""
_STUBBORN = 1.0
"""Seconds to wait for a lifespan that ignores its cancellation while it begins."""

K = TypeVar("K")

_log = logging.getLogger("agenthost")


class Lifespan:
    """An asynchronous context manager that is entered and left in a task of its own.

    ``seconds`` is the time that it may take to begin; None if the one who waits keeps the time. With ``quiet``, the
    caller logs why it did not begin.
    """

    def __init__(
        self,
        owner: Owner,
        make: Callable[[], object],
        seconds: float | None = None,
        changed: Callable[[], None] = lambda: None,
        *,
        quiet: bool = False,
    ) -> None:
        self._owner = owner
        self._make = make
        self._seconds = seconds
        self._changed = changed
        self._quiet = quiet
        self._over = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.begun = False
        self.error: BaseException | None = None
        self.settled = asyncio.Event()
        self.task = asyncio.create_task(self._run())
        if seconds is not None:
            giving_up = self.loop.call_later(seconds + _STUBBORN, self._failed, self._late())
            self.task.add_done_callback(lambda _: giving_up.cancel())

    def end(self) -> None:
        """End the lifespan, or stop it beginning. ``task`` is done when it has ended."""
        self._over.set()
        if not self.settled.is_set():
            self.task.cancel()

    async def _run(self) -> None:
        running.set(self._owner)
        try:
            context = await self._enter()
        except BaseException as error:
            if _cancelled(error):
                raise
            self._failed(error)
            return
        if self.error is None:
            self.begun = True
            self.settled.set()
            self._changed()
        else:  # too late: no caller waits for it
            self._over.set()
        with suppress(asyncio.CancelledError):  # the host has no more time: it is still left
            await self._over.wait()
        try:
            async with asyncio.timeout(ENDING):
                await context.__aexit__(None, None, None)
        except BaseException as error:
            if _cancelled(error):
                raise
            _log.error("the %s did not end well", self._owner, exc_info=error, extra={"fields": self._owner.fields})

    def _failed(self, error: BaseException) -> None:
        """Record that the lifespan did not begin."""
        if not self.settled.is_set():
            self.error = error
            if not self._quiet:
                _log.error("the %s did not begin", self._owner, exc_info=error, extra={"fields": self._owner.fields})
            self.settled.set()
            self._changed()

    def _late(self) -> TimeoutError:
        return TimeoutError(f"its lifespan did not begin within {self._seconds:g} s")

    async def _enter(self) -> AbstractAsyncContextManager[object]:
        bound = asyncio.timeout(self._seconds)
        try:
            async with bound:
                context = self._make() if _only_makes(self._make) else await Threads().run(self._make)
                if not (hasattr(context, "__aenter__") and hasattr(context, "__aexit__")):
                    if asyncio.iscoroutine(context):
                        context.close()
                    kind = type(context).__name__
                    msg = f"its lifespan returns {kind}, no async context manager. "
                    msg += "fix: write @asynccontextmanager above it"
                    raise DefinitionError(msg)
                await context.__aenter__()
        except TimeoutError as error:
            if bound.expired():
                raise self._late() from error
            raise
        return context


class Lifespans(Generic[K]):
    """The lifespans of one host, by whose they are.

    They begin once ``open`` is called on an event loop. ``want`` may be called from any thread.
    """

    def __init__(
        self, owner_of: Callable[[K], Owner], seconds: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self._owner_of = owner_of
        self._seconds = seconds
        self._changed = changed
        self._wanted: Mapping[K, Callable[[], object]] = {}
        self._running: dict[K, Lifespan] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened = False

    def want(self, makers: Mapping[K, Callable[[], object]]) -> None:
        """Run exactly these lifespans from now on, and end all others."""
        self._wanted = makers
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._follow)

    def begun(self, owner: K) -> bool:
        """Return True if the lifespan of an owner has begun, or it has none."""
        if owner not in self._wanted:
            return True
        running = self._running.get(owner)
        return running is not None and running.begun

    def error(self, owner: K) -> BaseException | None:
        """Return the error of an owner's lifespan that did not begin, or None."""
        running = self._running.get(owner)
        return running.error if running is not None and owner in self._wanted else None

    @property
    def waiting(self) -> bool:
        """True if some lifespans are not opened yet or are still beginning."""
        return bool(self._wanted) and (not self._opened or self._loop is None or self._loop.is_closed())

    async def open(self) -> None:
        """Begin the wanted lifespans here. Return when each has begun or failed."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._opened = False
            self._running = {owner: kept for owner, kept in self._running.items() if kept.loop is loop}
        self._follow()
        await _each(running.settled.wait() for running in list(self._running.values()))
        self._opened = True

    async def close(self) -> None:
        """End all lifespans. Return when they have ended or taken too long."""
        self._loop = None
        self._opened = False
        for owner in list(self._running):
            self._end(owner)
        if self._ending:
            await asyncio.wait(self._ending, timeout=ENDING + 1)

    def _follow(self) -> None:
        """Begin new lifespans and end those that are no longer wanted."""
        wanted = self._wanted
        for owner in [owner for owner in self._running if owner not in wanted]:
            self._end(owner)
        for owner, make in wanted.items():
            if owner not in self._running:
                self._running[owner] = Lifespan(self._owner_of(owner), make, self._seconds(), self._changed)

    def _end(self, owner: K) -> None:
        ended = self._running.pop(owner)
        ended.end()
        self._ending.add(ended.task)
        ended.task.add_done_callback(self._ending.discard)


@asynccontextmanager
async def lifespan_around(owner: Owner, make: Callable[[], object], seconds: float) -> AsyncIterator[None]:
    """Keep a lifespan open during the block.

    Raises:
        PlanError: it does not begin.
    """
    lifespan = Lifespan(owner, make, seconds)
    await lifespan.settled.wait()
    if lifespan.error is not None:
        kind, said = type(lifespan.error).__name__, str(lifespan.error)
        raise PlanError(f"the {owner} did not begin: {kind}: {said}") from lifespan.error
    try:
        yield
    finally:
        lifespan.end()
        await asyncio.wait([lifespan.task])


async def _each(waits: Iterable[object]) -> None:
    for wait in waits:
        await wait  # type: ignore[misc]


def _only_makes(make: Callable[[], object]) -> bool:
    """Return True if a call of ``make`` runs none of its author's code.

    An example is a function that ``@asynccontextmanager`` decorates.
    """
    return inspect.isasyncgenfunction(inspect.unwrap(make.func if isinstance(make, partial) else make))


def _cancelled(error: BaseException) -> bool:
    """Return True if the running task itself was cancelled."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
