"""Connections: HTTP/1.1 by uvicorn and httptools, with limits on size and time.

Everything here happens before a request is handled (wire.md, section 2). A refusal has the common form of errors and
closes its connection, as the start of the next request is unknown.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import unquote

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from agenthost._web.process.cycle import Cycle
from agenthost._web.process.transport import JoinedWrites
from agenthost._web.request.answers import error
from agenthost._web.request.requests import CLOSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenthost._host.config.schema import HostConfig
    from agenthost._web.request.rules import Rules

__all__ = ["Protocol", "Server", "protocol_for", "uvicorn_config"]

MAX_TARGET = 8 * 1024
"""The longest path and query, in bytes."""
MAX_HEADERS = 100
"""The most headers of a request."""
MAX_HEAD = 32 * 1024
"""The most bytes of all headers."""

_VERSIONS = ("1.1", "1.0")
_MAX_WAITING = 100
"""The most pipelined requests on one connection."""
_FRAMES = 64 * 1024
"""The most bytes of chunk sizes, chunk extensions and trailers, besides four for each byte of a body."""
_PROGRESS = 64 * 1024
"""Bytes that a client must read in ``write_timeout`` seconds, unless it reads all."""
_LOOK = 5
"""Ticks of uvicorn between two checks of connections."""
_OTHER_FILES = 256
"""Open files that are not connections: stores, logs, files of agents."""
_LEAST = 1
"""Seconds at least for what is in flight when a server ends."""
_SHARE = 16
"""Divisor for the share of idle connections to close when there are too many."""


class _Stage(Enum):
    """The part of a request that a client sends next."""

    NOTHING = "nothing, or another request"
    HEAD = "a request's first line and headers"
    BODY = "its body"


_Base = HttpToolsProtocol  # ``super()`` costs twice as much, five times for each request
_NOTHING, _HEAD, _BODY = _Stage  # an attribute lookup on the class costs as much as five comparisons


class _Refusal(Exception):  # noqa: N818 - it is an answer, not an error
    """Raised through the parser, to stop it."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    rules: Callable[[], Rules]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Initialise, with writes of one answer joined."""
        super().connection_made(cast("asyncio.Transport", JoinedWrites(transport)))
        self._stage = _HEAD
        self._now = self._since = self.loop.time()
        self._busy = self._deaf = self._half_closed = False
        self._received = self._content = 0
        self._refusal: tuple[int, str] | None = None
        self._last_words = b""
        self._again = b""
        self._stuck: tuple[float, int] | None = None
        if len(self.connections) > _connections(self._host.max_connections):
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Parse received data."""
        if self._deaf:
            return
        self._now = self.loop.time()
        if self._stage is _NOTHING:
            self._begin()
        self._received += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            if self._refusal is not None:
                self.refuse(*self._refusal)
            elif not self._deaf:
                self.refuse(400, "Invalid HTTP request received")
            return
        if self._stage is _HEAD:
            if len(self._target) > MAX_TARGET:
                self.refuse(414, "the path and the query are too long")
            elif self._received > MAX_HEAD + MAX_TARGET:
                self.refuse(431, "the headers are too large")
        elif self._received - 5 * self._content > _FRAMES and self._stage is _BODY:
            self.refuse(400, "the body has more framing than content")

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's closes the connection
        """Answer complete requests of a client that has closed its sending half.

        Returns:
            Whether the connection stays open, until they are answered.
        """
        if self._stage is _BODY and self.pipeline:
            self.pipeline.popleft()  # the newest one stays incomplete
        elif self._stage is _BODY or not self._busy:
            self.transport.close()  # after what has been written in this step
            return False
        self._stage = _NOTHING
        self._deaf = self._half_closed = True
        cycles: Iterable[Any] = (self.cycle, *(cycle for cycle, _ in self.pipeline))
        for cycle in cycles:
            cycle.half_closed = True
            cycle.message_event.set()  # for a handler that waits already
        return True

    def on_message_begin(self) -> None:
        """Note the start of a request."""
        if self._stage is not _HEAD:
            self._begin()
        _Base.on_message_begin(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header.

        A trailer after the body (RFC 9110, section 6.5) is dropped, as it must not pass for a header.
        """
        if self._stage is not _HEAD:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Answer the request, unless its head breaks the rules."""
        if len(self.url) > MAX_TARGET:
            self._stop(414, "the path and the query are too long")
        if len(self.headers) > MAX_HEADERS:
            self._stop(431, "there are too many headers")
        if self._received > MAX_HEAD and sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            self._stop(431, "the headers are too large")
        if not self.url.startswith(b"/") or b"#" in self.url:
            self._stop(400, "the request's target is not a path")
        parser = self.parser
        method, version = parser.get_method(), parser.get_http_version()
        if parser.should_upgrade() and method != b"CONNECT":
            self._again = self._without_upgrade()
            return
        if version not in _VERSIONS:
            self._stop(400, "this is not HTTP/1.1 or HTTP/1.0")
        if len(self.pipeline) >= _MAX_WAITING:
            self._deaf = True
            self.pipeline[0][0].keep_alive = False
            raise _Refusal
        self._stage, self._since, self._received, self._content = _BODY, self._now, 0, 0
        self._busy = True
        scope: Any = self.scope
        path, _, query = self.url.partition(b"?")
        written = path.decode("ascii")
        scope["method"], scope["http_version"] = method.decode("ascii"), version
        scope["raw_path"], scope["path"] = path, unquote(written) if "%" in written else written
        scope["query_string"] = query
        before = self.cycle
        cycle = self.cycle = Cycle(self, scope, keep_alive=version != "1.0" and parser.should_keep_alive())
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """Store a part of a body."""
        self._content += len(body)
        _Base.on_body(self, body)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        if self._again:
            return
        self._stage, self._since = _NOTHING, self._now
        _Base.on_message_complete(self)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start the task of a request.

        It does not come from the factory of the loop, which is for the tasks of agents.
        """
        task = asyncio.Task(cycle.run_asgi(app), loop=self.loop)
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """Continue with the next request, a pending refusal, or nothing."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._busy = False
        if self._last_words:
            self._end(self._last_words)
            return
        if self._half_closed:
            self.transport.close()
            return
        if self._stage is _NOTHING:
            self._since = self.loop.time()
        self.flow.resume_reading()

    def refuse(self, status: int, sentence: str) -> None:
        """Answer an invalid request after all earlier ones, and close."""
        self._deaf = True
        body = error(sentence)
        usual = (header for header in self.server_state.default_headers if header[0] != b"connection")
        headers = [*usual, *self.rules().json, *CLOSE]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        answer = b"%b%bcontent-length: %d\r\n\r\n%b" % (STATUS_LINE[status], lines, len(body), body)
        if self._stage is not _BODY:
            if self._busy:
                self._last_words = answer
            else:
                self._end(answer)
        elif self.pipeline:  # it is the newest pipelined request
            self.pipeline.popleft()
            self._last_words = answer
        elif self.cycle.response_started:  # or one that was refused before its body arrived
            self.transport.close()
        else:
            _disconnect(self.cycle)
            self._end(answer)

    def look(self, now: float) -> None:
        """Close the connection if its client is too slow."""
        waited, host = now - self._since, self._host
        if self._stage is _HEAD:
            if waited > host.header_timeout:
                self._too_late()
        elif self._stage is _BODY:
            if self.flow.read_paused:  # the host is not reading
                self._since = now
            elif waited > host.body_timeout:
                self._too_late()
        elif not self._busy and waited > host.idle_timeout:
            self.transport.close()
        self._look_at_writing(now)

    def _look_at_writing(self, now: float) -> None:
        transport: Any = self.transport
        waiting = transport.get_write_buffer_size()
        if not waiting:
            self._stuck = None
            return
        gone = transport.written - waiting
        if self._stuck is None or gone - self._stuck[1] >= _PROGRESS:
            self._stuck = (now, gone)
        elif now - self._stuck[0] > self._host.write_timeout:
            transport.abort()

    def _too_late(self) -> None:
        if self._deaf:
            self.transport.close()
        elif self._stage is _HEAD and not self._received:
            self.transport.close()  # no request was sent
        else:
            self.refuse(408, "the request did not come in time")

    def _begin(self) -> None:
        """Note the start of the next request's head."""
        self._stage, self._since, self._received = _HEAD, self._now, 0

    @property
    def _host(self) -> HostConfig:
        """The settings of the host, as they are published."""
        return self.rules().settings.config.host

    @property
    def _target(self) -> bytes:
        """The received part of path and query."""
        target: bytes = getattr(self, "url", b"")
        return target

    def _feed(self, data: bytes) -> None:
        """Pass data to the parser.

        Raises:
            HttpParserError: the data is not HTTP.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if not self._again:  # CONNECT: what follows is not HTTP
                    self._deaf = True
                    self.cycle.keep_alive = False
                    return
                data, self._again = self._again + data[upgrade.args[0] :], b""
                self._stage = _NOTHING
                self.parser = httptools.HttpRequestParser(self)
            else:
                return

    def _without_upgrade(self) -> bytes:
        """Return the head of an upgrade request without the upgrade.

        A server may ignore an upgrade (RFC 9110, section 7.8), but httptools drops the body of such a request.
        """
        closes = any(name == b"connection" and b"close" in value.lower() for name, value in self.headers)
        kept = [header for header in self.headers if header[0] not in (b"upgrade", b"connection")]
        kept += [(b"connection", b"close")] if closes else []
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = b"".join(b"%b: %b\r\n" % header for header in kept)
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, lines)

    def _stop(self, status: int, sentence: str) -> None:
        self._refusal = (status, sentence)
        raise _Refusal

    def _end(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()

    def _make_room(self) -> None:
        """Close the connections that have been idle longest.

        If none is idle, this one is refused.
        """
        others: Iterable[Any] = self.connections
        waiting = [each for each in others if each is not self and each.is_waiting]
        for each in sorted(waiting, key=lambda each: each._since)[: max(1, len(waiting) // _SHARE)]:  # noqa: SLF001
            each.transport.abort()
        if not waiting:
            self.refuse(503, "there are too many connections")

    @property
    def is_waiting(self) -> bool:
        """True if its client has no request in progress."""
        return not self._busy and self._stage is not _BODY and not self.transport.is_closing()


def protocol_for(rules: Callable[[], Rules]) -> type[Protocol]:
    """Return the protocol for the connections of a host."""
    return type("Protocol", (Protocol,), {"rules": staticmethod(rules)})


@cache
def _connections(wanted: int) -> int:
    """Return how many connections there may be, which the system may allow fewer of."""
    return max(1, min(wanted, _files(wanted + _OTHER_FILES) - _OTHER_FILES))


def _files(wanted: int) -> int:
    """Raise the limit of open files to ``wanted`` if possible, and return it."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def uvicorn_config(
    app: Callable[..., Any], protocol: type, *, loop: Literal["auto", "asyncio"] = "auto"
) -> uvicorn.Config:
    """Configure uvicorn to log nothing, add no headers and trust no proxy.

    ``loop`` is the event loop; ``auto`` is uvloop where it is installed.
    """
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=protocol,
        loop=loop,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LEAST,
    )


class Server(uvicorn.Server):
    """uvicorn's server, which checks its connections regularly."""

    def close_within(self, seconds: float) -> None:
        """Allow requests in flight this many seconds, at least one, from the end on."""
        self.config.timeout_graceful_shutdown = max(_LEAST, round(seconds))

    async def on_tick(self, counter: int) -> bool:
        """Check connections, every few ticks."""
        if counter % _LOOK == 0:
            now = asyncio.get_running_loop().time()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, Protocol):
                    connection.look(now)
        return await super().on_tick(counter)


def _disconnect(cycle: RequestResponseCycle) -> None:
    """Mark the request's client as disconnected."""
    cycle.disconnected = True
    cycle.message_event.set()
