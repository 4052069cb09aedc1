"""Ports: sockets that listen, and their addresses."""

# No pathlib: the short-lived process that opens the port does without.
# ruff: noqa: PTH108

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost.errors import AddressError

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["address", "close", "listen", "listen_for_health", "listen_on_socket", "opened_for", "port_of"]

_BACKLOG = 2048


def listen(host: str, port: int, remedy: str = "fix: choose another with --host or --port.") -> socket.socket:
    """Open a port.

    Port 0 takes a free one.

    Raises:
        AddressError: the port is taken, or the address belongs to another machine.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(_encoded(host), port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(where)
            opened.listen(_BACKLOG)
        except OSError:
            opened.close()
            raise
    except OSError as problem:
        raise AddressError(f"cannot listen on {host} port {port}: {problem.strerror or problem}. {remedy}") from problem
    return opened


def opened_for(config: Config) -> socket.socket:
    """Open the configured Unix socket or port.

    Raises:
        AddressError: see ``listen`` and ``listen_on_socket``.
    """
    if config.host.uds is not None:
        return listen_on_socket(config.host.uds)
    return listen(config.host.host, config.host.port)


def listen_on_socket(path: str) -> socket.socket:
    """Open a Unix socket for the user and the group of the process.

    A socket that no process listens at any more is replaced.

    Raises:
        AddressError: another process listens there, or something else has this path.
    """
    opened = socket.socket(socket.AF_UNIX)
    try:
        _clear(path)
        before = os.umask(0o117)
        try:
            opened.bind(os.path.abspath(path))  # noqa: PTH100 - as in the process that opens it
        finally:
            os.umask(before)
        opened.listen(_BACKLOG)
    except OSError as problem:
        opened.close()
        reason = problem.strerror or problem
        raise AddressError(f"cannot listen on {path}: {reason}. fix: choose another with --uds.") from problem
    return opened


def _clear(path: str) -> None:
    """Remove a socket that was left behind.

    Raises:
        OSError: it is in use, or is not a socket.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "there is a file that is not a socket")
        with socket.socket(socket.AF_UNIX) as asking:
            try:
                asking.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
            else:
                raise OSError(errno.EADDRINUSE, "another process listens there")


def close(opened: socket.socket) -> None:
    """Close a port, and remove the path of a Unix socket."""
    path = opened.getsockname() if opened.family == socket.AF_UNIX else ""
    opened.close()
    if path:
        with suppress(OSError):
            os.unlink(path)


def port_of(opened: socket.socket) -> int | None:
    """Return the number of an open port, or None for a Unix socket."""
    return None if opened.family == socket.AF_UNIX else int(opened.getsockname()[1])


def _encoded(host: str) -> bytes | str:
    """Return an ASCII name as bytes.

    For text, Python imports the tables of IDNA, which the supervisor would keep.
    """
    return host.encode() if host.isascii() else host


def listen_for_health(config: Config) -> socket.socket | None:
    """Open the separate health port, or return None if none is configured.

    Raises:
        AddressError: see ``listen``.
    """
    if config.health.port is None:
        return None
    place = config.place("health", "port")
    return listen(config.health.host or config.host.host, config.health.port, f"fix: choose another in {place}")


def address(opened: socket.socket) -> str:
    """Return the URL of an open port on this machine.

    For a Unix socket, it is ``unix:`` and its path.
    """
    if opened.family == socket.AF_UNIX:
        return f"unix:{opened.getsockname()}"
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what was bound, for display
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
