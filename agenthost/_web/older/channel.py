"""A channel between two processes of a host, for one request and its answer.

Each message is MessagePack behind its length. The messages are those of ASGI, which a request and its answer consist
of, one that opens the request, and one that confirms that it is being handled.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

__all__ = ["Begun", "Channel", "Disconnected", "Lost", "Message", "Opened", "Part", "Taken", "parts_of"]

MOST = 1024 * 1024
"""The most bytes of a message."""
_PART = 64 * 1024
"""The most bytes of a body in one message."""
_LENGTH = 4


class Opened(msgspec.Struct, tag="opened", array_like=True, frozen=True):
    """The start of a request: everything but its body.

    ``key`` proves that a process of this host sends it.
    """

    key: bytes
    method: str
    scheme: str
    path: str
    raw_path: bytes
    query_string: bytes
    root_path: str
    http_version: str
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None


class Taken(msgspec.Struct, tag="taken", array_like=True, frozen=True):
    """The confirmation that the request is being handled."""


class Begun(msgspec.Struct, tag="begun", array_like=True, frozen=True):
    """The start of the answer."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Part(msgspec.Struct, tag="part", array_like=True, frozen=True):
    """A part of a body: the request's, or the answer's."""

    body: bytes
    more: bool


class Disconnected(msgspec.Struct, tag="disconnected", array_like=True, frozen=True):
    """The end of the client's connection."""


Message: TypeAlias = Opened | Taken | Begun | Part | Disconnected

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class Lost(Exception):  # noqa: N818 - a state of the other process
    """The other process has ended the connection, or sends something else than messages."""


class Channel:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: Message) -> None:
        """Send a message, once the other process has read most of the earlier ones.

        Raises:
            Lost: the connection has ended, or the message is too large.
        """
        encoded = _encode(message)
        if len(encoded) > MOST:
            raise Lost
        try:
            self._writer.write(len(encoded).to_bytes(_LENGTH, "big") + encoded)
            await self._writer.drain()
        except (OSError, RuntimeError) as error:  # uvloop raises the latter if the transport is closed
            raise Lost from error

    async def receive(self) -> Message:
        """Return the next message.

        Raises:
            Lost: the connection has ended, or what comes is not a message.
        """
        try:
            size = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            if size > MOST:
                raise Lost
            return _decode(await self._reader.readexactly(size))
        except (EOFError, OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Lost from error

    def close(self) -> None:
        """End the connection. All that has been sent still arrives."""
        with suppress(OSError, RuntimeError):
            self._writer.close()


def parts_of(body: bytes, *, more: bool) -> Iterator[Part]:
    """Yield the messages for a part of a body, of which another may follow."""
    for start in range(0, len(body), _PART):
        yield Part(body[start : start + _PART], more or start + _PART < len(body))
    if not body:
        yield Part(b"", more)
