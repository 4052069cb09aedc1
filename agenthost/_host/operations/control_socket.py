"""The control socket, by which commands reach a host on the same machine.

It is a Unix socket in the state directory, which only the host's user can open, and no process that an isolated agent
has started. Each connection has one request and one answer, each a line of JSON. Before the
answer, lines of the form ``{"progress": "..."}`` show how far the host is.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
import struct
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define

from agenthost._host.walls.mark import peer_is_marked
from agenthost._private_files import check_private
from agenthost.errors import AddressError, AgentHostError, ConfigurationError, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["ask_host", "controlled", "is_same_user", "is_served", "socket_path"]

Answer: TypeAlias = "Callable[[Mapping[str, Any], Callable[[str], object]], Mapping[str, Any]]"

_MOST = 1 << 20
"""The longest request, in bytes."""
_MOST_TOLD = 1 << 26
"""The longest answer, in bytes: 10,000 agents take 5 MB."""
_PATIENCE = 5.0
"""Timeout of a client's request, in seconds."""
_MOST_CLIENTS = 8
"""The most commands at a time. Others wait."""
_MOST_PATH = 100
"""The longest path of a socket, in characters. Systems allow 104 to 108."""
_KEY = "host.state_dir"
_WARNED_EVERY = 60.0
"""Seconds between two log entries about refused commands."""
_KINDS = {kind.__name__: kind for kind in (AddressError, ConfigurationError, PlanError)}

_log = logging.getLogger("agenthost.control")


def socket_path(config: Config, port: int | None = None) -> str:
    """Return the path of the control socket.

    ``port`` is that of the host; None for the configured Unix socket or port.
    """
    name: int | str = port or config.host.port
    if port is None and config.host.uds is not None:
        from _blake2 import blake2b  # noqa: PLC0415 - without OpenSSL, which the supervisor does not load

        name = blake2b(os.path.abspath(config.host.uds).encode(), digest_size=6).hexdigest()  # noqa: PTH100
    return os.path.join(config.host.state_dir, f"control-{name}.sock")  # noqa: PTH118


@contextmanager
def controlled(path: str, answer: Answer) -> Iterator[None]:
    """Answer commands during the block, each on a thread of its own.

    An earlier host's socket at ``path`` is replaced. ``answer`` gives the answer to a request, and calls its second
    argument with a line about the progress; an ``AgentHostError`` reaches the client.
    """
    try:
        listener = _listen(path)
    except (OSError, ConfigurationError) as error:
        reason = error if isinstance(error, ConfigurationError) else f"{path}: {error.strerror or error}"
        _log.warning("commands are disabled: %s", reason)
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


def is_served(path: str) -> bool:
    """Return True if a host listens at a socket."""
    try:
        with socket.socket(socket.AF_UNIX) as client, _short(path) as short:
            client.connect(short)
    except OSError:
        return False
    return True


def ask_host(
    path: str, request: Mapping[str, Any], seconds: float, show: Callable[[str], object] = lambda _: None
) -> dict[str, Any]:
    """Send a command to the host at a socket, and return the answer.

    ``show`` is called with each line about the progress.

    Raises:
        AddressError: no host listens there, or it does not answer in time.
        ConfigurationError: the socket is another user's, or open to others. Root can use every socket.
        AgentHostError: the host reported this error.
    """
    try:
        if os.geteuid():
            check_private(path, _KEY, stat.S_IFSOCK)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            with _short(path) as short:
                client.connect(short)
            client.sendall(json.dumps(request).encode() + b"\n")
            with client.makefile("rb") as lines:
                while "progress" in (told := json.loads(lines.readline(_MOST_TOLD))):
                    show(str(told["progress"]))
    except (OSError, ValueError) as error:
        reason = "it does not answer" if isinstance(error, TimeoutError | ValueError) else "no host listens there"
        raise AddressError(
            f"{path}: {reason}. fix: start it with agenthost run, or pass its own --port or --config."
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
    """Yield a short name for a long path, through its opened directory."""
    if len(os.fsencode(path)) <= _MOST_PATH:
        yield path
        return
    directory = os.open(os.path.dirname(path), os.O_RDONLY)  # noqa: PTH120
    try:
        yield f"/proc/self/fd/{directory}/{os.path.basename(path)}"  # noqa: PTH119
    finally:
        os.close(directory)


@define
class _Refusals:
    """Refused commands, of which one a minute is logged."""

    logged: float = 0.0

    def add(self) -> None:
        if not self.logged or time.monotonic() - self.logged >= _WARNED_EVERY:
            _log.warning("a command was refused: it came from a process of an isolated agent")
            self.logged = time.monotonic()


def _answer_all(listener: socket.socket, answer: Answer) -> None:
    refusals, free = _Refusals(), threading.BoundedSemaphore(_MOST_CLIENTS)
    while True:
        free.acquire()
        try:
            client, _ = listener.accept()
        except OSError:  # the host ends
            return
        work = threading.Thread(target=_answer_one, args=(client, answer, refusals, free), daemon=True)
        work.start()


def _answer_one(client: socket.socket, answer: Answer, refusals: _Refusals, free: threading.BoundedSemaphore) -> None:
    try:
        with client, suppress(OSError):
            client.settimeout(_PATIENCE)
            if not is_same_user(client):
                return
            if peer_is_marked(client):
                refused = {"error": "processes of isolated agents cannot command the host", "kind": ""}
                client.sendall(json.dumps(refused).encode() + b"\n")
                refusals.add()
                return
            client.sendall(_answer(_line(client), answer, partial(_tell, client)) + b"\n")
    finally:
        free.release()


def _tell(client: socket.socket, words: str) -> None:
    """Send a line about the progress.

    The command goes on without its client.
    """
    with suppress(OSError):
        client.sendall(json.dumps({"progress": words}).encode() + b"\n")


def _answer(line: bytes, answer: Answer, tell: Callable[[str], object]) -> bytes:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise TypeError("a command must be an object")  # noqa: TRY301 - reported like any other error
        told = answer(request, tell)
    except AgentHostError as error:
        told = {"error": str(error), "kind": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - reported to the client, so that the thread goes on
        _log.exception("a command failed")
        told = {"error": f"the host failed ({type(error).__name__}). See its log", "kind": ""}
    return json.dumps(told).encode()


def is_same_user(client: socket.socket) -> bool:
    """Return True if the client is the same user or root.

    The socket's mode already demands this on most systems, but not on all.
    """
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
