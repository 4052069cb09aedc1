"""Frames: messages between a host and an agent's own process, each behind its length.

A message is ``(kind, number, content)`` in MessagePack. A question and its answer have the same number, and answers
come in any order. The host never unpickles anything from such a process.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MOST", "Frames", "Message", "Reader", "framed"]

MOST = 8 * 1024 * 1024
"""Bytes that a frame may have."""
_LENGTH = 4

Message = tuple[str, int, Any]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


def framed(kind: str, number: int, content: Any) -> bytes:
    """Return a message in the form in which it is sent.

    Raises:
        TypeError, ValueError, RecursionError: MessagePack cannot carry the content, or it is larger than ``MOST``.
    """
    encoded = _encode((kind, number, content))
    if len(encoded) > MOST:
        raise ValueError(f"a message has {len(encoded)} bytes; at most {MOST} can be sent")
    return len(encoded).to_bytes(_LENGTH, "big") + encoded


class Reader:
    """Splits the received bytes into messages."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def keep(self, data: bytes) -> None:
        """Keep bytes until ``messages`` is called."""
        self._buffer += data

    def messages(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that are complete with ``data``, and keep the rest.

        Raises:
            ValueError: the bytes are not a message, or it is too large.
        """
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _LENGTH:
            size = int.from_bytes(buffer[:_LENGTH], "big")
            if size > MOST:
                raise ValueError(f"a message has {size} bytes; at most {MOST} are taken")
            end = _LENGTH + size
            if len(buffer) < end:
                return
            encoded = bytes(buffer[_LENGTH:end])
            del buffer[:end]
            yield _decode(encoded)


class Frames(asyncio.Protocol):
    """One end of a connection that frames pass through."""

    def __init__(self, heard: Callable[[Message], object], lost: Callable[[], object]) -> None:
        self._heard = heard
        self._lost = lost
        self._reader = Reader()
        self._transport: asyncio.WriteTransport | None = None

    def send(self, kind: str, number: int, content: Any = None) -> None:
        """Send a message.

        It does nothing if the connection has ended.

        Raises:
            TypeError, ValueError, RecursionError: see ``framed``.
        """
        self.send_framed(framed(kind, number, content))

    def send_framed(self, encoded: bytes) -> None:
        """Send a message in the form that ``framed`` returned.

        It does nothing if the connection has ended.
        """
        if self._transport is not None:
            self._transport.write(encoded)

    def resume(self, reader: Reader) -> None:
        """Take over the bytes that arrived before the connection was made."""
        self._reader = reader

    def close(self) -> None:
        """End the connection. All that has been sent still arrives."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to use the connection (called by asyncio)."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Read the bytes that have arrived (called by asyncio)."""
        try:
            for message in self._reader.messages(data):
                self._heard(message)
        except ValueError:  # nothing that follows could be understood
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Report the end of the connection (called by asyncio)."""
        self._transport = None
        self._lost()
