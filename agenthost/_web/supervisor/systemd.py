"""Messages to systemd about the state of the host (sd_notify(3), ``Type=notify``)."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Systemd"]

_SOCKET, _WATCHDOG, _OF_PROCESS = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
_WHILE_STOPPING = 86_400_000_000
"""Microseconds: from then on, TimeoutStopSec= is the limit, as the last calls may take longer than the watchdog."""


class Systemd:
    """The service manager that started this host, if one did.

    Its variables are removed from the environment, so that no worker or agent speaks for the host.
    """

    def __init__(self) -> None:
        address = os.environ.pop(_SOCKET, "")
        seconds = _seconds(os.environ.pop(_WATCHDOG, ""), os.environ.pop(_OF_PROCESS, ""))
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._every = seconds / 2 if address and seconds else None
        self._next = 0.0
        self._ready = False

    def ready(self) -> None:
        """Report that the host serves."""
        self._ready = True
        self._send("READY=1")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Report a reload during the block, and at its end that the host serves."""
        if not self._ready:
            yield
            return
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self._send("READY=1")

    def stopping(self) -> None:
        """Report that the host finishes its requests and ends."""
        self._send("STOPPING=1" if self._every is None else f"STOPPING=1\nWATCHDOG_USEC={_WHILE_STOPPING}")

    def alive(self) -> float | None:
        """Report to the watchdog if it is time.

        Returns:
            The seconds until the next report, or None without a watchdog.
        """
        if self._every is None:
            return None
        now = time.monotonic()
        if now >= self._next:
            self._send("WATCHDOG=1")
            self._next = now + self._every
        return self._next - now

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messages:
            messages.settimeout(1.0)  # systemd restarts, and its queue is full
            messages.sendto(state.encode(), self._address)


def _seconds(microseconds: str, process: str) -> float:
    """Return the watchdog's timeout, or 0 without one for this process."""
    if not microseconds.isdecimal() or (process and process != str(os.getpid())):
        return 0.0
    return int(microseconds) / 1e6
