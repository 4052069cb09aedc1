"""A connection of HTTP/1.1: a request and its response at a time, one after another.

httptools parses and the event loop has TLS. A client for every purpose costs several times as much for each request.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools

__all__ = ["Ended", "Wire"]

_MOST_HEAD = 64 * 1024
"""The most bytes of a response's headers."""
_MOST_WAITING = 256 * 1024
"""Bytes that may arrive before they are read."""
_OK = 200


class Ended(ConnectionError):  # noqa: N818 - a state
    """The connection ended before the response was complete."""


class Wire(asyncio.Protocol):
    """One connection, with the response to its latest request."""

    __slots__ = (
        *("_head", "_interim", "_loop", "_parser", "_paused", "_pieces", "_size", "_timer", "_waiter"),
        *("begun", "ended", "headers", "kept", "late", "lost", "reason", "since", "status", "transport"),
    )

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser: Any = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.lost = self.late = False
        self.kept = True
        """False if the connection ends with this response."""
        self.since = 0.0
        """The time of the loop since which it has no request."""
        self._reset()
        self.ended = True

    def _reset(self) -> None:
        self._head = self._size = 0
        self._pieces: list[bytes] = []
        self._interim = self._paused = False
        self.begun = False
        """True once anything of the response has arrived."""
        self.ended = False
        """True once all of the response has arrived."""
        self.status = 0
        self.reason = ""
        self.headers: dict[str, str] = {}
        """By names in lower case."""

    async def ask(self, request: bytes, ends: float) -> None:
        """Send a request, and wait for the head of the response.

        ``ends`` is the time of the loop at which the response is cut off.

        Raises:
            Ended: the connection has ended.
            TimeoutError: the time is over, also while the response is read.
        """
        self._reset()
        self._timer = self._loop.call_at(ends, self._cut_off)
        self.transport.write(request)
        try:
            while not self.status:
                await self._more()
        except BaseException:
            self.leave()
            raise

    async def read(self) -> bytes:
        """Return what has arrived of the body, or nothing at its end.

        Raises:
            Ended: the connection has ended before.
            TimeoutError: the time is over.
        """
        while not self._pieces and not self.ended:
            await self._more()
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces, self._size = [], 0
        if self._paused:
            self.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def pause(self) -> None:
        """Leave what arrives in the socket."""
        if not (self._paused or self.lost or self.transport.is_closing()):
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again what arrives."""
        if self._paused and not (self.lost or self.transport.is_closing()):
            self.transport.resume_reading()
        self._paused = False

    def leave(self) -> bool:
        """End the request, and return True if the connection can take another one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.ended and self.kept and self.is_open:
            self.since = self._loop.time()
            return True
        self.transport.abort()
        return False

    def hand_on(self) -> None:
        """Let another protocol have the connection."""
        if self._timer is not None:
            self._timer.cancel()

    @property
    def is_open(self) -> bool:
        """True unless the connection has ended."""
        return not (self.lost or self.transport.is_closing())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived."""
        if self.ended:  # nobody has asked for it
            self.kept = False
            self.transport.abort()
            return
        self.begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.kept = False
            self.transport.abort()
        if not self.status:
            self._head += len(data)
            if self._head > _MOST_HEAD:
                self.transport.abort()
        elif self._size > _MOST_WAITING:
            self.pause()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, which may be that of a body without a length."""
        self.lost = True
        self._parser = None  # which has this connection's methods
        framed = "content-length" in self.headers or "transfer-encoding" in self.headers
        if exc is None and self.status and self.kept and not framed:
            self.ended = True
        self._wake()

    def on_message_begin(self) -> None:
        """Refuse a response that nobody has asked for.

        Raises:
            Ended: the response is complete. The parser stops.
        """
        if self.ended:
            raise Ended

    def on_status(self, status: bytes) -> None:
        """Keep the reason."""
        self.reason = status.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but no trailer."""
        if not self.status:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        """Note the status, unless the response is an interim one (RFC 9110, section 15.2)."""
        status = self._parser.get_status_code()
        self._interim = status < _OK
        if self._interim:
            self.headers = {}
        else:
            self.status = status

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._pieces.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        if not self._interim:
            self.ended = True
            self.kept = self.kept and self._parser.should_keep_alive()

    async def _more(self) -> None:
        """Wait until something happens.

        Raises:
            Ended: the connection has ended.
            TimeoutError: the time is over.
        """
        if self.late:
            raise TimeoutError
        if self.lost:
            raise Ended
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _cut_off(self) -> None:
        self.late, self.kept, self.ended = True, False, False
        self._pieces = []
        self.transport.abort()
        self._wake()
