"""HTTP/1.1 by hand: exact bytes of requests and responses."""

import json
import socket
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import define, field, frozen


@frozen
class Answer:
    """An answer as it came.

    Args:
        status: The code of the status line.
        headers: Names in lower case, and values, in order.
        body: Without its chunks' frames.
        raw: Everything, status line and frames included.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes
    raw: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """The value of a header, which must not be there twice."""
        values = [value for each, value in self.headers if each == name.lower()]
        assert len(values) < 2, f"{name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@define
class Connection:
    """One TCP connection to a host."""

    _socket: socket.socket
    _buffer: bytes = b""

    @classmethod
    def to(cls, url: str, seconds: float = 30) -> Self:
        """Connect to the host of a URL.

        Any operation that takes longer than *seconds* fails the test.
        """
        parts = urlsplit(url)
        return cls(socket.create_connection((parts.hostname, parts.port), seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor, so that ``select`` takes a connection."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the connection, whatever is still to come on it."""
        self._socket.close()

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(raw)

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def ask(self, raw: bytes) -> Answer:
        """Send a request and read its answer."""
        self.send(raw)
        return self.answer(to_head=raw.startswith(b"HEAD "))

    def answer(self, *, to_head: bool = False) -> Answer:
        """Read one response.

        The response to HEAD ends with its headers.
        """
        head = self._until(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        headers = tuple((name.lower(), value.strip()) for name, _, value in (each.partition(":") for each in lines))
        status = int(line.split(" ")[1])
        if status == 100:
            return self.answer(to_head=to_head)
        known = dict(headers)
        body = framed = b""
        if not to_head and status != 204:
            if known.get("transfer-encoding") == "chunked":
                body, framed = self._chunks()
            else:
                body = framed = self._exactly(int(known["content-length"]))
        return Answer(status, headers, body, head + framed)

    def interim(self) -> int:
        """Read an interim response, and return its status."""
        return int(self._until(b"\r\n\r\n").split(b" ")[1])

    def ended(self) -> bool:
        """Wait for the host to close the connection.

        Return True if it sends no further byte.
        """
        return not self._buffer and self._socket.recv(1) == b""

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._more()
        read, _, self._buffer = self._buffer.partition(end)
        return read + end

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        read, self._buffer = self._buffer[:size], self._buffer[size:]
        return read

    def _chunks(self) -> tuple[bytes, bytes]:
        body = framed = b""
        while True:
            line = self._until(b"\r\n")
            chunk = self._exactly(int(line, 16) + 2)
            body += chunk[:-2]
            framed += line + chunk
            if chunk == b"\r\n":
                return body, framed

    def _more(self) -> None:
        received = self._socket.recv(65536)
        if not received:
            raise EOFError(f"the host closed the connection after {self._buffer!r}")
        self._buffer += received


def exchange(url: str, raw: bytes) -> Answer:
    """Send a request on a connection of its own, and read the answer."""
    with Connection.to(url) as connection:
        return connection.ask(raw)


def written(line: str, *headers: str, body: bytes = b"") -> bytes:
    """Return the unchecked bytes of a request: request line, headers and body."""
    return "\r\n".join((line, *headers, "", "")).encode("latin-1") + body
