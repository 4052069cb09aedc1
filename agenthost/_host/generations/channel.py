"""Channel: messages between two processes of one host, with file descriptors.

A message is a pickled value, as both sides are the same program of the same user. A channel is a pair of Unix sockets,
and its other end closes with the last process that holds it.
"""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Channel", "channel_pair"]

_HEAD = struct.Struct("!II")
"""Length of a message, and number of its descriptors."""
_PIECE = 1 << 16
_MOST_DESCRIPTORS = 8


class Channel:
    """One end of a channel.

    Any thread may send, and one receives.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._sending = threading.Lock()

    @classmethod
    def of(cls, number: int) -> Channel:
        """Return the channel of an inherited descriptor."""
        return cls(socket.socket(fileno=number))

    def fileno(self) -> int:
        """Return the descriptor, for ``poll``."""
        return self._end.fileno()

    def send(self, content: object, descriptors: Sequence[int] = ()) -> None:
        """Send a message.

        Raises:
            OSError: the other end is closed.
        """
        body = pickle.dumps(content)
        with self._sending:
            head = _HEAD.pack(len(body), len(descriptors))
            if descriptors:
                socket.send_fds(self._end, [head], descriptors)
            else:
                self._end.sendall(head)
            self._end.sendall(body)

    def receive(self) -> tuple[Any, list[int]]:
        """Wait for a message, and return it with its descriptors.

        Raises:
            EOFError: the other end is closed.
            OSError: this end is closed, or the connection is lost.
        """
        head, descriptors, _, _ = socket.recv_fds(self._end, _HEAD.size, _MOST_DESCRIPTORS)
        if not head:
            raise EOFError
        head += self._exactly(_HEAD.size - len(head))
        length, _ = _HEAD.unpack(head)
        return pickle.loads(self._exactly(length)), descriptors  # noqa: S301 - from this program

    def close(self) -> None:
        """Close this end."""
        self._end.close()

    def _exactly(self, length: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < length:
            piece = self._end.recv(min(length - len(pieces), _PIECE))
            if not piece:
                raise EOFError
            pieces += piece
        return bytes(pieces)


def channel_pair() -> tuple[Channel, Channel]:
    """Return the two ends of a new channel."""
    ours, theirs = socket.socketpair()
    return Channel(ours), Channel(theirs)
