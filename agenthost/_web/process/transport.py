"""A transport that joins the writes of an answer."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["JoinedWrites"]

_MOST = 64 * 1024
"""The most bytes to collect. More are written at once."""


class JoinedWrites:
    """A transport that joins all writes of one step of the event loop.

    An ASGI server writes the head and the body of an answer separately, and uvloop passes each to the kernel at once:
    two system calls and two packets instead of one.
    """

    __slots__ = ("_call_soon", "_size", "_transport", "_waiting", "written")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._waiting: list[bytes] = []
        self._size = 0
        self.written = 0
        """Bytes passed to the transport so far."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write ``data`` at the end of this step."""
        if not self._waiting:
            self._call_soon(self._flush)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self._flush()

    def write_at_once(self, data: bytes) -> None:
        """Write ``data``, and what was collected before it."""
        if self._waiting:
            self.write(data)
            self._flush()
        elif not self._transport.is_closing():
            self._transport.write(data)
            self.written += len(data)

    def is_closing(self) -> bool:
        """Return True if the transport is closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Write the collected bytes, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting and not self._transport.is_closing():
            self._transport.write(b"".join(self._waiting))
            self.written += self._size
        self._waiting.clear()
        self._size = 0
