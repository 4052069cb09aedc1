"""The control socket: how a command reaches a host that runs on the same machine.

A Unix socket in the state directory that only the user who runs the host can open; one request and one answer a
connection, each a line of JSON.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from agenthost._private_files import check_private
from agenthost.errors import AddressError, AgentHostError, ConfigurationError, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["ask_host", "controlled", "socket_path"]

_MOST = 1 << 20
"""Bytes of a request or an answer."""
_PATIENCE = 5.0
"""Seconds that a client may take to say what it wants."""
_MOST_PATH = 100
"""Characters of a socket's path; systems take 104 to 108."""
_KEY = "host.state_dir"
_KINDS = {kind.__name__: kind for kind in (AddressError, ConfigurationError, PlanError)}

_log = logging.getLogger("agenthost.control")


def socket_path(config: Config, port: int | None = None) -> str:
    """Where the host of a configuration listens for commands."""
    return os.path.join(config.host.state_dir, f"control-{port or config.host.port}.sock")  # noqa: PTH118


@contextmanager
def controlled(path: str, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Iterator[None]:
    """Answer commands during the block, one at a time, on a thread of its own.

    Args:
        path: of the socket; what is there of an earlier host is replaced.
        answer: gives the answer to a request; an ``AgentHostError`` reaches the client.
    """
    try:
        listener = _listen(path)
    except (OSError, ConfigurationError) as error:
        reason = error if isinstance(error, ConfigurationError) else f"{path}: {error.strerror or error}"
        _log.warning("no commands are taken: %s", reason)
        yield
        return
    thread = threading.Thread(target=_answer_all, args=(listener, answer), name="agenthost-control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def ask_host(path: str, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Ask the host that listens at a socket.

    Args:
        path: of the socket.
        request: the command.
        seconds: how long the answer may take.

    Raises:
        AddressError: no host listens there, or it does not answer in time.
        ConfigurationError: the socket is another user's, or open to others; root may ask every host.
        AgentHostError: what the host could not do, as it said so.
    """
    try:
        if os.geteuid():
            check_private(path, _KEY, stat.S_IFSOCK)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            with _short(path) as short:
                client.connect(short)
            client.sendall(json.dumps(request).encode() + b"\n")
            told = json.loads(_line(client))
    except (OSError, ValueError) as error:
        reason = "it does not answer" if isinstance(error, TimeoutError | ValueError) else "no host listens there"
        raise AddressError(
            f"{path}: {reason}. Start it with agenthost run, or name its --port or --config as it was started with."
        ) from error
    if "error" in told:
        raise _KINDS.get(told.get("kind"), AgentHostError)(told["error"])
    return dict(told)


def _listen(path: str) -> socket.socket:
    directory = os.path.dirname(path)  # noqa: PTH120
    os.makedirs(directory, mode=0o700, exist_ok=True)  # noqa: PTH103
    check_private(directory, _KEY, stat.S_IFDIR)
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        with _short(path) as short:
            listener.bind(short)
    finally:
        os.umask(before)
    listener.listen(8)
    return listener


@contextmanager
def _short(path: str) -> Iterator[str]:
    """A name for a path that may be longer than the name of a socket: through its directory, opened."""
    if len(os.fsencode(path)) <= _MOST_PATH:
        yield path
        return
    directory = os.open(os.path.dirname(path), os.O_RDONLY)  # noqa: PTH120
    try:
        yield f"/proc/self/fd/{directory}/{os.path.basename(path)}"  # noqa: PTH119
    finally:
        os.close(directory)


def _answer_all(listener: socket.socket, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # the host ends
            return
        with client, suppress(OSError):
            client.settimeout(_PATIENCE)
            if _trusted(client):
                client.sendall(_answer(_line(client), answer) + b"\n")


def _answer(line: bytes, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bytes:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise TypeError("a command is an object")  # noqa: TRY301 - told like any other mistake
        told = answer(request)
    except AgentHostError as error:
        told = {"error": str(error), "kind": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - the client hears of it, and the thread goes on
        _log.exception("a command failed")
        told = {"error": f"the host failed ({type(error).__name__}); its log says more", "kind": ""}
    return json.dumps(told).encode()


def _trusted(client: socket.socket) -> bool:
    """Whether the other side is the same user, or root: the socket's mode says so too, but not on every system."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    user: int = struct.unpack("3i", credentials)[1]
    return user in (0, os.getuid())


def _line(connection: socket.socket) -> bytes:
    read = b""
    while not read.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece or len(read) > _MOST:
            raise ConnectionResetError("the line does not end")
        read += piece
    return read
