"""The connections to one server, through a proxy if there is one."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field

from agenthost.builtin.openai_api.wire import Ended, Wire

if TYPE_CHECKING:
    import ssl

    from agenthost.builtin.openai_api.server import Server

__all__ = ["NotOpened", "Wires"]

_CONNECT = 5.0
"""Seconds to connect."""
_NEXT = 1.5
"""Seconds for one of several addresses of a server, before the next one is tried."""
_IDLE = 15.0
"""Seconds that a connection without a request is kept."""
_OK = 200


class NotOpened(OSError):  # noqa: N818 - a state
    """A connection cannot be opened, for the reason in the message."""


@define(eq=False)
class Wires:
    """The connections to a server, for one event loop."""

    server: Server
    loop: asyncio.AbstractEventLoop
    _idle: list[Wire] = field(factory=list)
    _best: Any = None
    """The address that answered last."""
    _sweep: asyncio.TimerHandle | None = None

    async def ask(self, request: bytes, ends: float) -> Wire:
        """Send a request, and return the connection with the head of the response.

        A connection that its server has closed meanwhile is replaced.

        Raises:
            OSError: the server cannot be reached, or does not answer.
            TimeoutError: the time is over.
        """
        wire = self._kept()
        if wire is not None:
            try:
                await wire.ask(request, ends)
            except Ended:
                if wire.begun:
                    raise
            else:
                return wire
        async with asyncio.timeout_at(ends):
            wire = await self._connected()
        await wire.ask(request, ends)
        return wire

    def give_back(self, wire: Wire) -> None:
        """Keep a connection for the next request, if its response is complete."""
        if wire.leave():
            self._idle.append(wire)
            if self._sweep is None:
                self._sweep = self.loop.call_later(_IDLE, self._close_idle)

    def close(self) -> None:
        """Close the connections without a request, unless their loop has been closed."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._idle:
            wire = self._idle.pop()
            if not self.loop.is_closed():
                wire.transport.abort()

    def _kept(self) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()
            if wire.is_open:
                return wire
        return None

    def _close_idle(self) -> None:
        """Close those that have been idle for long, which are the first of the list."""
        self._sweep, now = None, self.loop.time()
        while self._idle and (not self._idle[0].is_open or now - self._idle[0].since >= _IDLE):
            self._idle.pop(0).transport.abort()
        if self._idle:
            self._sweep = self.loop.call_at(self._idle[0].since + _IDLE, self._close_idle)

    async def _connected(self) -> Wire:
        """Open a connection.

        Raises:
            OSError: it cannot be opened, or takes too long.
        """
        server = self.server
        try:
            async with asyncio.timeout(_CONNECT) as limit:
                direct = server.tls if server.parts.scheme == "https" else None
                if server.proxy is not None:
                    direct = server.tls if server.proxy.scheme == "https" else None
                wire = await self._reached(direct)
                return await self._tunnelled(wire) if server.tunnel else wire
        except TimeoutError as error:
            if limit.expired():
                raise NotOpened("no connection in time") from error
            raise

    async def _reached(self, tls: ssl.SSLContext | None) -> Wire:
        """Connect to one of the addresses, the best one first."""
        host, port = self.server.reached
        found = await self.loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = sorted({each[4][:2]: None for each in found}, key=lambda each: each != self._best)
        *others, last = addresses

        async def connected(address: Any) -> Wire:
            _, wire = await self.loop.create_connection(
                lambda: Wire(self.loop), *address, ssl=tls, server_hostname=host if tls is not None else None
            )
            self._best = address
            return wire

        for address in others:
            with suppress(OSError):  # also if it takes too long
                async with asyncio.timeout(_NEXT):
                    return await connected(address)
        return await connected(last)

    async def _tunnelled(self, wire: Wire) -> Wire:
        """Begin TLS with the server behind the proxy.

        Raises:
            OSError: the proxy refuses, or TLS fails.
        """
        await wire.ask(self.server.connect, self.loop.time() + _CONNECT)
        status, within = wire.status, Wire(self.loop)
        if status != _OK:
            wire.leave()
            raise NotOpened(f"the proxy answers HTTP {status}")
        wire.hand_on()
        begun = self.loop.start_tls(
            wire.transport, within, cast("ssl.SSLContext", self.server.tls), server_hostname=self.server.place[0]
        )
        within.transport = cast("asyncio.Transport", await begun)
        return within
