"""Ports: sockets that listen, and their addresses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from agenthost.errors import AddressError

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["address", "listen", "listen_for_health"]

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
    """Return the URL of an open port on this machine."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what was bound, for display
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
