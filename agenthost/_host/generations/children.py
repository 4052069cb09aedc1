"""Child processes: new interpreters, and processes that another child has forked.

A forked process is not a child of the one that supervises it. It is watched and ended through a descriptor of it where
the system has those, which its successor in the process table cannot be mistaken for.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Child", "open_process", "start_python"]

_FLAGS = (
    *("bytes_warning", "debug", "dev_mode", "dont_write_bytecode", "ignore_environment", "isolated", "no_site"),
    *("no_user_site", "optimize", "quiet", "safe_path", "verbose"),
)
"""The flags of an interpreter that come from its options. Without any, ``subprocess`` is not imported to list them."""
_POLL = 0.02
"""Seconds between two looks at a process that cannot be waited for."""


@define(eq=False)
class Child:
    """A process of this host."""

    pid: int
    forked: bool = False
    """True if another process is its parent."""
    exitcode: int | None = None
    """The exit code, or a negative number of a signal; None while it is unknown."""
    handle: int | None = field(default=None)
    """A descriptor that becomes readable when the process ends."""

    def is_alive(self) -> bool:
        """Return True while the process runs."""
        if self.exitcode is not None:
            return False
        if not self.forked:
            return not self._reaped()
        if self.handle is not None:
            return not _readable(self.handle, 0)
        self._reap_orphan()
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        with suppress(ProcessLookupError):
            if self.handle is not None:
                signal.pidfd_send_signal(self.handle, number)
            elif self.is_alive():
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end, and return True once it has come."""
        until = None if seconds is None else time.monotonic() + seconds
        while self.is_alive():
            left = _POLL if until is None else until - time.monotonic()
            if left <= 0:
                return False
            if self.handle is not None:
                _readable(self.handle, left if until is not None else 1.0)
            else:
                time.sleep(min(_POLL, left))
        return True

    def close(self) -> None:
        """Clean up after the process has ended."""
        if self.forked:
            self._reap_orphan()
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def _reap_orphan(self) -> None:
        """Reap a process whose parent has ended.

        Only the first process of a container becomes its parent.
        """
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)

    def _reaped(self) -> bool:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            self.exitcode = 0
            return True
        if pid:
            self.exitcode = os.waitstatus_to_exitcode(status)
        return bool(pid)


def open_process(pid: int) -> int | None:
    """Return a descriptor of a process, or None where there is no such thing."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def start_python(program: str, descriptor: int) -> Child:
    """Start a new interpreter that runs ``program``.

    ``descriptor`` stays open in it, under the number in ``sys.argv[1]``. The module path is this process's own, and
    what an installer has added since. SIGINT is blocked until the program can end without a traceback.
    """
    code = (
        f"import sys; ours = {sys.path!r}; sys.path[:] = ours + [p for p in sys.path if p and p not in ours]; {program}"
    )
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - the only argument
    try:
        pid = os.posix_spawn(sys.executable, [sys.executable, *_flags(), "-c", code, str(descriptor)], os.environ)
    finally:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - as above
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return Child(pid, handle=open_process(pid))


def _flags() -> Sequence[str]:
    """Return the options of this interpreter that another one needs."""
    given = sys.warnoptions or sys._xoptions or any(getattr(sys.flags, name) for name in _FLAGS)  # noqa: SLF001 - documented
    if not given:
        return ()
    from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]  # noqa: PLC0415 - as multiprocessing does

    flags: list[str] = _args_from_interpreter_flags()
    return flags


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
