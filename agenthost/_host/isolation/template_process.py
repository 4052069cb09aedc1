"""The template process of an isolated agent, as the host sees it.

It is a new interpreter with its own environment and only the agent's package, which it imports once. The agent's
processes are forked from it and build the agent, so one that ends comes back with the same code, whatever has been
installed since. Where a fork is not safe, each process is an interpreter of its own. A new interpreter is used only
while the files of the package are still the same.

The code of the package runs in the template, too, so the host does not trust its messages: the kernel names the process
that was forked.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

from agenthost._host.isolation.frames import Reader, framed
from agenthost._host.isolation.process import DYING, Process, awaited
from agenthost._host.isolation.process_output import follow_output
from agenthost._host.isolation.process_setup import BEGIN, FORK, SERVE, STATUS
from agenthost._host.packages.diagnosis import Diagnosed, Diagnosis, upgrade_remedy
from agenthost._host.walls.own_directories import make_directory, remove_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.isolation.process import Handle
    from agenthost._host.isolation.process_setup import Setup

__all__ = ["PackageChanged", "TemplateProcess", "can_watch_forks"]

_BOOT = (
    "import sys;sys.path[:]={path!r};from agenthost._host.isolation.own_process import main;main({connection},{life})"
)
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE")
_CREDENTIALS = struct.Struct("=3i")
_SCM_CREDENTIALS = 2
_ROUNDS = 5
_MOST_CODES = 256
_REPORTED = 0.1
"""Seconds that a template has to report the exit code of a process."""


@cache
def can_watch_forks() -> bool:
    """Return True if the system gives descriptors of processes, which old containers forbid."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class PackageChanged(Diagnosed):
    """The files of a package are not those that were decided."""


class TemplateProcess:
    """The template process of one agent."""

    def __init__(
        self, setup: Setup, environ: Mapping[str, str], seconds: float, differs: Callable[[str], object]
    ) -> None:
        """Prepare a template.

        ``differs`` is called with the package's distribution if its files are not those of the setup any more.
        """
        self._setup = setup
        self._environ = environ
        self._seconds = seconds
        self._differs = differs
        self._starting = threading.Lock()
        self._interpreter: _Interpreter | None = None

    def start_process(self) -> tuple[Process, dict[str, Any]]:
        """Start a process, and wait until its agent is built.

        It may be called from any thread.

        Returns:
            The process, and the description of its agent.

        Raises:
            Diagnosed: the package failed, or its files have changed.
            NotIsolatable: it is a workflow.
        """
        with self._starting:
            until = time.monotonic() + self._seconds
            interpreter = self._living()
            try:
                process = interpreter.start_process(max(0.001, until - time.monotonic()))
            except BaseException:
                self._discard()
                raise
            if not interpreter.forks:
                self._interpreter = None  # it is the process
        try:
            return process, process.described(self._setup, max(0.001, until - time.monotonic()))
        except BaseException:
            process.kill()
            raise

    def close(self) -> None:
        """End the template, with everything that the agent has started and left behind.

        It does not wait for one that is starting, which ends with this object.
        """
        if (interpreter := self._interpreter) is not None:
            _kill_below(interpreter.pid)
            interpreter.close()
            self._interpreter = None

    def _living(self) -> _Interpreter:
        if self._interpreter is not None and not self._interpreter.ended(0):
            return self._interpreter
        self._discard()
        self._prove()
        found = _Interpreter(self._setup, self._environ)
        try:
            found.import_package(self._seconds)
            self._prove()  # nothing was installed meanwhile
        except BaseException:
            found.kill()
            raise
        self._interpreter = found
        return found

    def _prove(self) -> None:
        """Compare the package's files with those that were decided.

        Raises:
            PackageChanged: they differ.
        """
        if all(held.is_same(path) for path, held in self._setup.files.items()):
            return
        candidate = self._setup.candidate
        self._differs(candidate.distribution)
        reason = f"the files of {candidate.package} have changed since this host loaded it"
        raise PackageChanged(Diagnosis(reason, "agenthost reload"))

    def _discard(self) -> None:
        if (interpreter := self._interpreter) is not None:
            interpreter.kill()
            self._interpreter = None


class _Interpreter:
    """A new interpreter that imports the package."""

    def __init__(self, setup: Setup, environ: Mapping[str, str]) -> None:
        self.forks = False
        self._setup = setup
        self._reader = Reader()
        self._codes: dict[int, int] = {}
        self._reading = threading.Lock()
        key, account = setup.key, setup.account
        directory = make_directory(key, account)
        variables = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environ)
        variables |= {"TMPDIR": directory} if account is None else {"TMPDIR": directory, **account.variables}
        self._control, theirs = socket.socketpair()
        life_read, life = os.pipe()
        output_read, output_write = os.pipe()
        here = [path or str(Path.cwd()) for path in sys.path]  # "" is this directory, as uvicorn has it
        boot = _BOOT.format(path=here, connection=theirs.fileno(), life=life_read)
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-I", "-u", "-X", "faulthandler", "-c", boot, f"agenthost agent {key}"],
                pass_fds=(theirs.fileno(), life_read),
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=output_write,
                env=variables,
                start_new_session=True,
                user=None if account is None else account.user,
                group=None if account is None else account.group,
                extra_groups=None if account is None else account.groups,
            )
        except BaseException as error:
            self._control.close()
            os.close(life)
            os.close(output_read)
            remove_directory(directory)
            if account is not None and isinstance(error, PermissionError):
                reason = f"user {account.name} cannot execute {sys.executable}"
                raise Diagnosed(Diagnosis(reason, "install agenthost where that user may read it")) from None
            raise
        finally:
            theirs.close()
            os.close(life_read)
            os.close(output_write)
        follow_output(output_read, key)
        self._ending = finalize(self, _end, self._popen, self._control, life, directory)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def descriptor(self) -> None:
        """None: its connection ends with it."""

    def import_package(self, seconds: float) -> None:
        """Let it import the package.

        Raises:
            Diagnosed: the package failed.
        """
        with suppress(OSError):  # it has ended, as is found below
            self._control.settimeout(seconds)
            self._control.sendall(framed("setup", 0, pickle.dumps(self._setup)))
        how = partial(self.ended, DYING)
        self.forks = awaited("imported", self._control, self._reader, self._setup, seconds, how) is True
        self._control.setblocking(False)  # noqa: FBT003 - the socket's own method

    def start_process(self, seconds: float) -> Process:
        """Start a process of the agent.

        Raises:
            Diagnosed: it does not report itself.
        """
        with ExitStack() as stack:
            ours, theirs = socket.socketpair()
            stack.callback(theirs.close)
            life_read, life = os.pipe()
            stack.callback(os.close, life_read)
            output_read, output_write = os.pipe()
            stack.callback(os.close, output_write)
            if self.forks:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            order = FORK if self.forks else SERVE
            with suppress(OSError):  # it has ended, as is found below
                socket.send_fds(self._control, [order], [theirs.fileno(), life_read, output_write])
        follow_output(output_read, self._setup.key)
        reader = Reader()
        try:
            handle: Handle = self if not self.forks else _Forked(self, _greeting(ours, reader, seconds))
            ours.sendall(BEGIN)
        except (OSError, ValueError):
            ours.close()
            os.close(life)
            reason = f"its template process {self.ended(0) or 'did not start a process'}"
            remedy = upgrade_remedy(self._setup.candidate, self._setup.key)
            raise Diagnosed(Diagnosis(reason, remedy)) from None
        return Process(self._setup.key, handle, ours, life, reader)

    def kill(self) -> None:
        _kill(self._popen)

    def close(self) -> None:
        """Kill it, and remove its directory."""
        self._ending()

    def ended(self, seconds: float) -> str:
        if seconds:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
        code = self._popen.poll()
        return "" if code is None else _words(code)

    def code_of(self, pid: int, seconds: float) -> int | None:
        """Return the exit code of a forked process, as soon as the template reports it."""
        until = time.monotonic() + seconds
        with self._reading:
            while pid not in self._codes and (left := until - time.monotonic()) > 0:
                if not _is_ready(self._control, left):
                    break
                try:
                    data = self._control.recv(STATUS.size * 64)
                except OSError:
                    break
                whole = len(data) // STATUS.size * STATUS.size
                if len(self._codes) > _MOST_CODES:  # the agent's code may send any
                    self._codes.clear()
                self._codes.update(STATUS.iter_unpack(data[:whole]))
                if not data:
                    break
            return self._codes.pop(pid, None)


class _Forked:
    """A process that a template has forked."""

    def __init__(self, template: _Interpreter, pid: int) -> None:
        """Watch a process.

        Raises:
            OSError: it has ended.
            ValueError: the template is not its parent.
        """
        self._template = template
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)
        self._words = ""
        self._closing = finalize(self, os.close, self.descriptor)
        with suppress(FileNotFoundError):  # /proc may hide it
            if _parent_and_session(pid)[0] != template.pid:
                raise ValueError(pid)

    def kill(self) -> None:
        if not _is_ready(self.descriptor, 0):  # then its number is its own, and that of its group
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)
        self._sweep()

    def ended(self, seconds: float) -> str:
        if not self._words and _is_ready(self.descriptor, seconds):
            code = self._template.code_of(self.pid, min(seconds, _REPORTED))
            self._words = "ended" if code is None else _words(code)
        return self._words

    def _sweep(self) -> None:
        """Kill what the process has left behind in its session, which its template has inherited."""
        for pid in _children(self._template.pid):
            with suppress(OSError, ValueError, IndexError):
                if pid != self.pid and _parent_and_session(pid) == (self._template.pid, self.pid):
                    os.kill(pid, signal.SIGKILL)


def _greeting(channel: socket.socket, reader: Reader, seconds: float) -> int:
    """Return the process that sends the first message, which the kernel names.

    Raises:
        OSError: none arrives in time.
        ValueError: it is something else.
    """
    channel.settimeout(seconds)
    data, ancillary, _, _ = channel.recvmsg(65536, socket.CMSG_SPACE(_CREDENTIALS.size))
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
    pids = [
        _CREDENTIALS.unpack(content[: _CREDENTIALS.size])[0]
        for level, kind, content in ancillary
        if (level, kind) == (socket.SOL_SOCKET, _SCM_CREDENTIALS)
    ]
    greeting = framed("hello", 0, None)
    if not data.startswith(greeting) or len(pids) != 1 or pids[0] <= 1:
        raise ValueError(data[:20])
    if rest := data[len(greeting) :]:
        reader.keep(rest)
    return int(pids[0])


def _kill_below(pid: int) -> None:
    """Kill the processes below another one.

    Those that start new ones meanwhile are killed in the next round.
    """
    for _ in range(_ROUNDS):
        below = _children(pid)
        for each in below:  # the list grows
            below += _children(each)
        for each in below:
            with suppress(OSError):
                os.kill(each, signal.SIGKILL)
        if not below:
            return


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123 - one look
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _parent_and_session(pid: int) -> tuple[int, int]:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - one look
        fields = file.read().rpartition(")")[2].split()
    return int(fields[1]), int(fields[3])


def _is_ready(descriptor: int | socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _words(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _kill(popen: subprocess.Popen[bytes]) -> None:
    if popen.returncode is None:  # not asked whether it has ended: its group goes by its number until that is done
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)


def _end(popen: subprocess.Popen[bytes], control: socket.socket, life: int, directory: str) -> None:
    _kill(popen)
    os.close(life)
    control.close()
    with suppress(subprocess.TimeoutExpired):
        popen.wait(DYING)
    remove_directory(directory)
