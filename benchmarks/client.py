"""The load: one request, sent repeatedly over a few open connections."""

from __future__ import annotations

import base64
import json
import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self

from attrs import field, frozen
from processes import CREDENTIALS, LOOPBACK
from walls import signature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = ["Answer", "Load", "ask", "get", "post", "read"]

CONNECTIONS = 4
"""Open connections. Each has one request in flight."""

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@frozen
class Answer:
    """A response of a server.

    Args:
        headers: its headers, as sent.
        body: its body.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


def post(target: str, body: Mapping[str, object], *, signed: bool = False) -> bytes:
    """Return the bytes of a POST request with credentials.

    Args:
        target: path and query.
        body: becomes JSON.
        signed: True for a signature of the platform.
    """
    content = json.dumps(body).encode()
    pair = base64.b64encode(":".join(CREDENTIALS).encode()).decode()
    lines = (
        f"POST {target} HTTP/1.1",
        f"Host: {LOOPBACK}",
        f"Authorization: Basic {pair}",
        "User-Agent: benchmark",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *([signature(target, content)] if signed else ()),
    )
    return "\r\n".join((*lines, "", "")).encode() + content


def get(target: str) -> bytes:
    """Return the bytes of a GET request without credentials.

    Args:
        target: path and query.
    """
    return f"GET {target} HTTP/1.1\r\nHost: {LOOPBACK}\r\nUser-Agent: benchmark\r\nAccept: */*\r\n\r\n".encode()


@frozen
class Load:
    """A context manager with open connections to one server.

    Args:
        port: the server's, on the loopback address.
        connections: how many are open at once.
        check: whether every answer has to be 200.
    """

    port: int
    connections: int = CONNECTIONS
    check: bool = True
    _sockets: list[socket.socket] = field(factory=list, init=False, repr=False)

    def __enter__(self) -> Self:
        for _ in range(self.connections):
            connection = socket.create_connection((LOOPBACK, self.port), timeout=30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._sockets:
            connection.close()

    def send(self, request: bytes, times: int) -> None:
        """Send ``request`` a number of times, and read every response.

        The number is a multiple of the number of connections.

        Raises:
            RuntimeError: an answer is not 200.
        """
        for _ in range(times // self.connections):
            for connection in self._sockets:
                connection.sendall(request)
            for connection in self._sockets:
                read(connection, check=self.check)


def ask(port: int, request: bytes) -> Answer:
    """Send ``request`` once.

    Raises:
        RuntimeError: the answer is not 200.
    """
    with closing(socket.create_connection((LOOPBACK, port), timeout=30)) as connection:
        connection.sendall(request)
        head, body = read(connection)
    lines = head.decode("latin-1").split("\r\n")[1:]
    return Answer(tuple((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)), body)


def read(connection: socket.socket, *, check: bool = True) -> tuple[bytes, bytes]:
    """Return the head and the body of one response.

    Raises:
        RuntimeError: it is not a response, or not 200.
    """
    received = connection.recv(65536)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    head = received[:end]
    length = _LENGTH.search(head)
    if (check and not head.startswith(b"HTTP/1.1 200 ")) or length is None:
        msg = f"the server answered {received!r}"
        raise RuntimeError(msg)
    missing = end + 4 + int(length[1]) - len(received)
    while missing > 0:
        more = _more(connection)
        received += more
        missing -= len(more)
    return head, received[end + 4 :]


def _more(connection: socket.socket) -> bytes:
    more = connection.recv(65536)
    if not more:
        msg = "the server closed the connection"
        raise RuntimeError(msg)
    return more
