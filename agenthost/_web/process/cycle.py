"""One request on a connection, and its answer."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Cycle"]


class Signal:
    """An event as asyncio has it, whose queue begins with the first one who waits.

    The queue of ``asyncio.Event`` has room for 64, and each request has an event.
    """

    __slots__ = ("_set", "_waiting")

    def __init__(self) -> None:
        self._set = False
        self._waiting: tuple[asyncio.Future[None], ...] = ()

    def is_set(self) -> bool:
        """Return True if it is set."""
        return self._set

    def set(self) -> None:
        """Set it, and wake all who wait."""
        self._set = True
        waiting, self._waiting = self._waiting, ()
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def clear(self) -> None:
        """Let others wait again."""
        self._set = False

    async def wait(self) -> bool:
        """Wait until it is set."""
        if not self._set:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting = (*(each for each in self._waiting if not each.done()), waiting)
            await waiting
        return True


class Cycle(RequestResponseCycle):
    """One request and its answer.

    uvicorn's checks and encodes each header of each answer, which costs as much as finding an agent and its document.
    """

    access_log = disconnected = response_started = response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    more_body = True
    half_closed = False
    """True once the client has closed its sending half."""
    logger = logging.getLogger("uvicorn.error")
    _usual: tuple[object, bytes | None] = (None, None)

    def __init__(self, connection: HttpToolsProtocol, scope: Any, *, keep_alive: bool) -> None:
        self.scope = scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.default_headers = connection.server_state.default_headers
        self.message_event = Signal()  # type: ignore[assignment]  # it has the same methods
        self.on_response = connection.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = connection.expect_100_continue
        self.body = bytearray()

    async def receive(self) -> Any:
        """Receive the request, and then the disconnect (ASGI)."""
        event = self.message_event
        if self.half_closed and not event.is_set():
            # A client that has left and one that waits for the answer look alike until something is sent.
            self.disconnected = True
            self.transport.close()
        elif not event.is_set() or self.waiting_for_100_continue:
            return await RequestResponseCycle.receive(self)
        event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        self.flow.resume_reading()
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def answer_at_once(self, status: int, headers: bytes, body: bytes) -> bool:
        """Write a whole answer with pre-encoded headers, to which its length is added.

        Return False if it has to be sent in parts.
        """
        usual = self._usual_headers() if self.keep_alive else None
        if usual is None or self.response_started or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        if not self.disconnected:
            self.response_started = self.response_complete = True
            self.message_event.set()
            head = b"%b%b%bcontent-length: %d\r\n\r\n" % (STATUS_LINE[status], usual, headers, len(body))
            self.transport.write_at_once(head + body)  # type: ignore[attr-defined] # see ``connection_made``
            self.on_response()
        return True

    def _usual_headers(self) -> bytes | None:
        """Return the server's own headers, or None if they close the connection.

        uvicorn makes a new list when they change, such as the date, once a second.
        """
        headers = self.default_headers
        known, usual = Cycle._usual
        if known is not headers:
            closes = any(name == b"connection" for name, _ in headers)
            usual = None if closes else b"".join(b"%b: %b\r\n" % header for header in headers)
            Cycle._usual = (headers, usual)
        return usual
