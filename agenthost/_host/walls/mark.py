"""The mark of an isolated agent's processes, which they cannot remove.

Two properties make it: no new privileges, and no POSIX message queues. Every process that a marked one starts inherits
both, whichever parent it gets later and whatever becomes of the host. The kernel lets an unprivileged process take back
neither (PR_SET_NO_NEW_PRIVS in prctl(2), hard limits in getrlimit(2)). So a look at a process itself shows where it
comes from, without the chain of its parents, which a process leaves by forking twice.
"""

# No pathlib: one look each.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import select
import socket
import struct
import sys
from contextlib import suppress

from agenthost._host.walls.kernel import control_process

__all__ = ["is_marked", "mark_process", "peer_is_marked"]

_SET_NO_NEW_PRIVS = 38
_PEER_PIDFD = 77
"""SO_PEERPIDFD, from Linux 6.5 on."""


def mark_process() -> None:
    """Mark this process, and all that it will start, for good."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - there is none on Windows

        control_process(_SET_NO_NEW_PRIVS, 1)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))


def is_marked(pid: int) -> bool:
    """Return True if a process is marked.

    Raises:
        OSError: there is no such process, or it cannot be looked at.
    """
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        if not any(line.split() == ["NoNewPrivs:", "1"] for line in file):
            return False
    with open(f"/proc/{pid}/limits", encoding="utf-8", errors="replace") as file:
        return any(line.startswith("Max msgqueue size") and line.split()[4:5] == ["0"] for line in file)


def peer_is_marked(connection: socket.socket) -> bool:
    """Return True if the peer of a Unix socket is marked, or has ended.

    A process of another user is not, nor one outside this process's view, such as outside of its container.
    """
    if sys.platform != "linux":
        return False
    pid, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    if not pid or user != os.geteuid():  # /proc may hide processes of others (hidepid in proc(5))
        return False
    try:
        descriptor = connection.getsockopt(socket.SOL_SOCKET, _PEER_PIDFD)
    except OSError:
        descriptor = -1  # an older kernel, or the process has been reaped; then it cannot be looked at either
    try:
        if is_marked(pid):
            return True
        # Its number may have passed to another process meanwhile, if it has ended.
        return descriptor >= 0 and _has_ended(descriptor)
    except OSError:
        return os.path.exists("/proc/self/status")  # noqa: PTH110 - else there is nothing to look at
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _has_ended(descriptor: int) -> bool:
    watch = select.poll()
    watch.register(descriptor, select.POLLIN)
    return bool(watch.poll(0))
