"""Processes under measurement: CPU time and memory as counted by the kernel (Linux)."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "CREDENTIALS",
    "LOOPBACK",
    "Served",
    "cpu_of",
    "cpu_of_command",
    "free_port",
    "memory_of",
    "serving",
    "variables",
]

CREDENTIALS = ("bench", "loopback-only")
LOOPBACK = "127.0.0.1"

_LONGEST_START = 300.0
_POLL = 0.05
_OK = 200
_OF_A_HOST = b"agenthost._web.process"
"""A part of the command lines of a host's own processes, without those of isolated agents."""


@frozen
class Served:
    """A server in a process of its own.

    Args:
        pid: its process.
        port: where it listens, on the loopback address.
    """

    pid: int
    port: int

    def cpu(self) -> float:
        """Return the CPU time of all its processes and threads so far, in seconds.

        It is the sum of user and kernel time.
        """
        seconds = 0.0
        for pid in self.processes():
            with suppress(OSError):  # the process that answers during the start may end here
                seconds += cpu_of(pid)
        return seconds

    def clock(self) -> int:
        """Return the clock of the CPU time of its serving process, for ``time.clock_gettime``."""
        return (~self._serving() << 3) | 2

    def memory(self) -> int:
        """Return the resident memory (RSS) of its serving process, in bytes."""
        return memory_of(self._serving())

    def _serving(self) -> int:
        """Return the last process, which is a worker.

        The template before it has imported as much, and may be larger.
        """
        return self.processes()[-1]

    def processes(self) -> list[int]:
        """Return its process, and those of a host that belong to it: template and workers."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    fields = (entry / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
                    if fields[0] != "Z" and _OF_A_HOST in (entry / "cmdline").read_bytes():
                        parents[int(entry.name)] = int(fields[1])
        found = [self.pid]
        for each in found:  # the list grows
            found += [number for number, parent in parents.items() if parent == each]
        return found


def cpu_of(pid: int) -> float:
    """Return the CPU time of a process and its threads so far, in seconds."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3): /proc/PID/stat has hundredths of a second


def memory_of(pid: int) -> int:
    """Return the resident memory (RSS) of a process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


@contextmanager
def serving(
    command: Sequence[object], directory: Path, environ: Mapping[str, str], ready: str, log: Path | None = None
) -> Iterator[Served]:
    """Run a server during the block.

    Args:
        command: what starts it, as words and paths; ``{port}`` becomes a free port.
        directory: where it runs.
        environ: its whole environment.
        ready: the path that must answer 200 before the block begins.
        log: the file that takes what it writes to stderr; left out, stderr.

    Raises:
        RuntimeError: it ends, or takes more than five minutes, before that.
    """
    port = free_port()
    with log.open("ab") if log is not None else nullcontext() as stderr:
        process = subprocess.Popen(
            [str(part).format(port=port) for part in command],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        _wait(process, f"http://{LOOPBACK}:{port}{ready}")
        yield Served(process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_of_command(command: Sequence[object], directory: Path, environ: Mapping[str, str]) -> float:
    """Return the CPU time of a command from start to end, in seconds.

    Raises:
        RuntimeError: it fails.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        msg = f"{command[0]} ended with {process.returncode}"
        raise RuntimeError(msg)
    return usage.ru_utime + usage.ru_stime


def variables(directory: Path, **more: str) -> dict[str, str]:
    """Return an environment without the variables of the caller."""
    user, password = CREDENTIALS
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(directory),
        "AGENTHOST_STATE_DIR": str(directory / "state"),
        "SWML_BASIC_AUTH_USER": user,
        "SWML_BASIC_AUTH_PASSWORD": password,
        **more,
    }


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _LONGEST_START
    while _status(url) != _OK:
        if process.poll() is not None or time.monotonic() > deadline:
            msg = f"{process.args!r} does not answer 200 at {url}"
            raise RuntimeError(msg)
        time.sleep(_POLL)


def _status(url: str) -> int | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - always http
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])
