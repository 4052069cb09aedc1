"""A process that stays for the calls of its generation, once others have replaced it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import define, evolve, field

from agenthost._host.access.open_calls import KEPT_SECONDS, OpenCalls
from agenthost._host.runtime.start import settings_of, start_logging
from agenthost._web.older.hand_over import HandOver
from agenthost._web.older.relay import answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from litestar.types import Receive, Scope, Send

    from agenthost._host.access.open_calls import CallReport
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.orders import Membership
    from agenthost._host.runtime.runtime import Runtime

__all__ = ["Keeping"]

App: TypeAlias = "Callable[[Scope, Receive, Send], Awaitable[None]]"
_SETTLED_EVERY = 5.0
"""Seconds between two looks through the calls that have begun."""
_LOOK = 0.5
"""Seconds between two checks whether calls are in progress, once the process has been replaced."""

_log = logging.getLogger("agenthost.workers")


async def _nowhere(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer nothing, before there is an application."""


class _Accepting(Protocol):
    """The server of the process."""

    @property
    def running(self) -> set[asyncio.Task[None]]: ...

    async def stop_accepting(self) -> None: ...


@define(eq=False)
class Keeping:
    """The part of one process in keeping calls with their generation.

    ``told`` is called with the number of calls in progress, once the process has been replaced and whenever the number
    has changed. Orders come from another thread.
    """

    membership: Membership
    runtime: Runtime
    told: Callable[[int], object]
    seconds: float = KEPT_SECONDS
    calls: OpenCalls = field(factory=OpenCalls)
    _others: Mapping[str, str] = field(init=False)
    _app: App = field(default=_nowhere, init=False)
    _hand_over: HandOver | None = field(default=None, init=False)
    _reachable: bool = field(default=False, init=False)
    _complete: bool = field(default=False, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _server: _Accepting | None = field(default=None, init=False)
    _holding: asyncio.Task[None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._others = self.membership.others
        self.runtime.generation = self.membership.generation
        self.runtime.calls = self.calls
        self.runtime.metrics.held(self.membership.held)

    def around(self, app: App) -> HandOver:
        """Return an application (ASGI) that answers by ``app``, or by a process of another generation."""
        self._app = app
        self._hand_over = HandOver(app, self.membership.key)
        self._hand_over.others = self._others
        return self._hand_over

    @asynccontextmanager
    async def opened(self, server: _Accepting) -> AsyncIterator[None]:
        """Answer requests of this generation that other processes have received, during the block."""
        self._loop, self._server = asyncio.get_running_loop(), server
        settling = asyncio.create_task(self._settle())
        try:
            async with self._listening(server):
                yield
        finally:
            settling.cancel()
            if self._holding is not None:
                self._holding.cancel()

    @asynccontextmanager
    async def _listening(self, server: _Accepting) -> AsyncIterator[None]:
        async with AsyncExitStack() as listening:
            path = self.membership.socket_of(os.getpid())
            try:
                await listening.enter_async_context(answering(path, self.membership.key, self._app, server.running))
                self._reachable = True
            except OSError as error:
                _log.warning("calls in progress will not outlast this process: %s: %s", path, error)
            yield

    def carry_out(self, order: str, content: Any) -> None:
        """Carry out an order of the supervisor."""
        match order:
            case "others":
                self.use(*content)
            case "hold":
                self.hold()
            case "calls":
                self.add(content)
            case "complete":
                self.complete()
            case "settings":
                self.configure(content)

    def use(self, others: Mapping[str, str], held: int) -> None:
        """Hand requests over to processes of other generations.

        ``others`` is the socket of a process by generation, ``held`` the number of older generations.
        """
        self._others = others
        self.runtime.metrics.held(held)
        if self._hand_over is not None:
            self._hand_over.others = others

    def hold(self) -> None:
        """Stop to accept connections, and end the process once its calls in progress have ended."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._hold)

    def add(self, report: CallReport) -> None:
        """Stay for the calls of a process of this generation that has ended."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.calls.add, report, time.monotonic())

    def configure(self, config: Config) -> None:
        """Use the passwords, keys, limits and time-outs of a new configuration."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._configure, config)

    def complete(self) -> None:
        """Note that all other processes of this generation have ended."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._completed)  # after all reports

    def _configure(self, config: Config) -> None:
        config = evolve(self.runtime.config, host=config.host, keys=config.keys)
        self.runtime.settings = settings_of(config)
        start_logging(config)
        self.runtime.forget()  # publishes again

    def _completed(self) -> None:
        self._complete = True
        number = self.calls.number(time.monotonic())
        calls = f"{number} call{'' if number == 1 else 's'}"
        _log.info("generation %d stays for %s in progress", self.membership.number, calls)

    def _hold(self) -> None:
        self._holding = asyncio.create_task(self._until_over())

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(_SETTLED_EVERY)
            self.calls.settle(time.monotonic())

    async def _until_over(self) -> None:
        """Wait for the end of the last call, for some time, and end the process."""
        if self._server is not None:
            await self._server.stop_accepting()
        self.runtime.metrics.replaced()
        now, known = time.monotonic(), -1
        until = now + self.seconds
        while now < until and self._reachable and not (self._complete and self.calls.over(now)):
            if self._complete and (number := self.calls.number(now)) != known:
                known = number
                self.told(number)
            await asyncio.sleep(min(_LOOK, until - now))
            now = time.monotonic()
        reason = "its last call has ended" if now < until else f"{self.seconds / 60:g} minutes are over"
        if self._reachable:
            _log.info("generation %d ends: %s", self.membership.number, reason)
        self.runtime.replaced = True
        os.kill(os.getpid(), signal.SIGTERM)
