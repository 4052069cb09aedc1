"""Connections to one server, for requests in JSON and streams of events.

Retries and time limits are the caller's.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import finalize

import msgspec
from attrs import define, field

from agenthost._version import __version__
from agenthost.builtin.openai_api.server import Server
from agenthost.builtin.openai_api.wire import Ended
from agenthost.builtin.openai_api.wires import NotOpened, Wires

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from agenthost import Secret
    from agenthost.builtin.openai_api.wire import Wire

__all__ = ["BrokenOff", "Connection", "NotReached", "Rejected", "Response", "Unreadable"]

_OPENAI = "https://api.openai.com/v1"
_MOST = 4 * 1024 * 1024
"""The longest event, and the longest answer that is not a stream, in bytes."""
_MOST_ERROR = 64 * 1024
_END = 0.1
"""Seconds to wait for the end of a stream after its last event."""
_TOGETHER = 1 / 30
"""Seconds between two reads of a fast stream that has begun, too short to be seen.

Words that are read together cost a fraction of the CPU time.
"""
_FAST = 1.5 * _TOGETHER
"""A stream is fast if its next piece arrives within these seconds."""
_OK = 200
_DONE = b"[DONE]"
_encode = msgspec.json.Encoder().encode


class NotReached(Exception):  # noqa: N818 - a state
    """The server could not be reached, or did not answer.

    The message is the name of the reason.
    """


class BrokenOff(Exception):  # noqa: N818 - a state
    """The connection ended in the middle of an answer."""


class Unreadable(Exception):  # noqa: N818 - as ModelNonsense
    """The answer does not have the form of the API.

    The message names the kind of fault.
    """


class Rejected(Exception):  # noqa: N818 - an answer
    """The server answered with an error.

    Args:
        status: the HTTP status.
        message: the message in its body, else the beginning of that.
        code: the code of the error, or None.
        headers: the response's headers.
    """

    def __init__(self, status: int, message: str, code: object, headers: Mapping[str, str]) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers


class Connection:
    """The connections to one server, opened by the event loop that uses them.

    Args:
        url: URL of the API. Defaults to ``OPENAI_BASE_URL``, else OpenAI's own.
        api_key: the API key. Defaults to ``OPENAI_API_KEY``, else none is needed.
    """

    def __init__(self, url: str | None, api_key: Secret | None) -> None:
        self.url = (url or os.environ.get("OPENAI_BASE_URL") or _OPENAI).rstrip("/")
        key = api_key.reveal() if api_key is not None else os.environ.get("OPENAI_API_KEY") or "none"
        named = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
        self._server = Server.of(self.url)
        self._headers = {
            "Authorization": f"Bearer {key.strip()}",
            "Content-Type": "application/json",
            "User-Agent": f"agenthost/{__version__}",
            **{header: os.environ[name] for header, name in named.items() if os.environ.get(name)},
        }
        self._heads: dict[str, bytes] = {}
        """The heads of requests by their paths, up to the length."""
        self._head("")  # so that what cannot be sent is known at the start
        self._wires: Wires | None = None
        self._left: Callable[[], object] = lambda: None
        """Closes the connections of an event loop that has ended."""

    @asynccontextmanager
    async def post(self, path: str, body: Mapping[str, Any], ends: float) -> AsyncIterator[Response]:
        """Send a request, and read its response in the block.

        Args:
            path: below the API's URL.
            body: the JSON object to send.
            ends: time of the event loop by which the response must be complete.

        Raises:
            NotReached: the server did not answer.
            Rejected: the status is not 200.
            TimeoutError: the time is over, also while the response is read.
        """
        content, wires = _encode(body), self._opened()
        request = b"%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head(path), len(content), content)
        try:
            wire = await wires.ask(request, ends)
        except TimeoutError:
            raise
        except OSError as error:
            raise NotReached(str(error) if isinstance(error, NotOpened) else type(error).__name__) from error
        response = Response(wire)
        try:
            if response.status != _OK:
                raise await response.rejected()
            yield response
            await response.finish()
        finally:
            wires.give_back(wire)

    async def close(self) -> None:
        """Close the connections."""
        self._left()
        self._wires = None

    def _head(self, path: str) -> bytes:
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = self._server.head(path, self._headers)
        return head

    def _opened(self) -> Wires:
        """Return the connections of this event loop.

        A host without a lifespan never closes them, so they are closed with this object, or for another event loop.
        """
        loop, wires = asyncio.get_running_loop(), self._wires
        if wires is None or wires.loop is not loop:
            self._left()
            # without a limit of their own: ``running`` of each agent is the limit, and a turn waits for no other's
            wires = self._wires = Wires(self._server, loop)
            self._left = finalize(self, wires.close)
        return wires


class Response:
    """A response.

    Each method that reads it raises ``BrokenOff`` where it is not complete, and ``TimeoutError`` if its time is over.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._done = self._fast = False
        self._read_at = 0.0
        self.begun = False
        """True once its first words have been passed on. The next ones may wait for those that follow them."""
        self.status = wire.status

    async def body(self, most: int = _MOST) -> bytes:
        """Return the whole body.

        Raises:
            Unreadable: it has more than ``most`` bytes.
        """
        pieces: list[bytes] = []
        while piece := await self._read():
            pieces.append(piece)
            if sum(map(len, pieces)) > most:
                raise Unreadable("a body that is too long")
        return b"".join(pieces)

    async def events(self) -> AsyncGenerator[list[bytes], None]:
        """Yield the data of the events that have arrived (``text/event-stream``), up to ``[DONE]``.

        A server that answers with plain JSON yields that.

        Raises:
            Unreadable: an event is too long, or the response is neither a stream nor JSON.
        """
        kind = self._wire.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/event-stream":
            if kind != "application/json":
                raise Unreadable(f"Content-Type {kind}")
            yield [await self.body()]
            return
        events = _Events()
        while piece := await self._read():
            if arrived := events.add(piece):
                yield arrived
            if events.done:
                self._done = True
                return
        if events.data and (event := b"\n".join(events.data)) != _DONE:  # a server that ends without an empty line
            yield [event]

    async def rejected(self) -> Rejected:
        """Read an error: OpenAI's form, another JSON object with a message, or any text."""
        try:
            body = await self.body(_MOST_ERROR)
        except (BrokenOff, Unreadable):
            body = b""
        message, code = body.decode("utf-8", "replace") or self._wire.reason, None
        try:
            error: Any = msgspec.json.decode(body)
        except msgspec.DecodeError:
            error = None
        if isinstance(error, dict):
            inner = error.get("error", error)
            inner = inner if isinstance(inner, dict) else {"message": inner}
            message, code = str(inner.get("message") or inner.get("detail") or message), inner.get("code")
        return Rejected(self.status, message, code, self._wire.headers)

    async def finish(self) -> None:
        """Wait a moment for the end of a stream, which lets its connection be kept."""
        if self._done and not self._wire.ended:
            self.begun = self._fast = False  # the end of a turn is not put off
            with suppress(TimeoutError, BrokenOff):
                async with asyncio.timeout(_END):
                    while await self._read():
                        pass

    async def _read(self) -> bytes:
        """Return what has arrived, or nothing at the end."""
        time = asyncio.get_running_loop().time
        if self._fast:
            await self._rest(self._read_at + _TOGETHER - time())
        try:
            piece = await self._wire.read()
        except Ended as error:
            raise BrokenOff from error
        now = time()
        self._fast, self._read_at = self.begun and now - self._read_at < _FAST, now
        return piece

    async def _rest(self, seconds: float) -> None:
        """Leave what arrives in the socket, so that one read takes all."""
        if seconds <= 0:
            return
        self._wire.pause()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._wire.resume()


@define
class _Events:
    """A stream of events, while its pieces arrive."""

    data: list[bytes] = field(factory=list)
    """The lines of the event that is not complete."""
    done: bool = False
    _rest: bytes = b""

    def add(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that a piece completes.

        Raises:
            Unreadable: an event is too long.
        """
        *lines, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        if len(self._rest) + sum(map(len, self.data)) > _MOST:
            raise Unreadable("an event that is too long")
        arrived: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self.data.append(line[5:].removeprefix(b" "))
            elif not line and self.data:
                event = b"\n".join(self.data)
                self.data.clear()
                if event == _DONE:
                    self.done = True
                    break
                arrived.append(event)
        return arrived
