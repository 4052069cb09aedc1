"""An agent's own process as the host sees it: started, used and ended."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import finalize

from attrs import define, field

from agenthost._host.isolation.frames import Frames, Message, Reader, framed
from agenthost._host.isolation.process_output import follow_output
from agenthost._host.isolation.starving import cpu_of, starves
from agenthost._host.packages.diagnosis import Diagnosed, Diagnosis, timeout_remedy, upgrade_remedy
from agenthost._host.telemetry.current_call import Owner
from agenthost.errors import AgentHostError, ArgumentsRefused, StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.isolation.process_setup import Setup
    from agenthost._host.walls.account import Account

__all__ = ["GRACE", "CallNotStarted", "NotIsolatable", "OwnProcessError", "Process", "start_process"]

GRACE = 0.25
"""Seconds that a call has to end once it is cancelled, before its process is replaced."""
_BOOT = (
    "import sys;sys.path[:]={path!r};from agenthost._host.isolation.own_process import main;main({connection},{life})"
)
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE")
_DYING = 0.5
"""Seconds that a process has to be gone once it is killed."""


class OwnProcessError(AgentHostError):
    """A call of an agent failed in the agent's own process, or with that process."""


class CallNotStarted(Exception):  # noqa: N818 - a state
    """A process ended before it began a call."""


class NotIsolatable(AgentHostError):  # noqa: N818 - as CallNotStarted
    """A package cannot live in a process of its own.

    The message contains the reason.
    """


@define(eq=False)
class _Asked:
    """A call that is under way in a process."""

    answer: asyncio.Future[Any]
    begun: bool = False
    overdue: bool = False
    ended: asyncio.Event = field(factory=asyncio.Event)


def start_process(setup: Setup, environ: Mapping[str, str], seconds: float) -> tuple[Process, dict[str, Any]]:
    """Start a process, and wait until its agent is built.

    It may be called from any thread.

    Returns:
        The process, and the description of its agent.

    Raises:
        Diagnosed: the package failed.
        NotIsolatable: it is a workflow.
    """
    ours, theirs = socket.socketpair()
    life_read, life_write = os.pipe()
    output_read, output_write = os.pipe()
    key, account = setup.key, setup.account
    boot = _BOOT.format(path=sys.path, connection=theirs.fileno(), life=life_read)
    own = _own_directory(key, account)
    variables = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environ) | {"TMPDIR": own}
    try:
        popen = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-I", "-u", "-X", "faulthandler", "-c", boot, f"agenthost agent {key}"],
            pass_fds=(theirs.fileno(), life_read),
            stdin=subprocess.DEVNULL,
            stdout=output_write,
            stderr=output_write,
            env=variables if account is None else {**variables, **account.variables},
            start_new_session=True,
            user=None if account is None else account.user,
            group=None if account is None else account.group,
            extra_groups=None if account is None else account.groups,
        )
    except BaseException as error:
        ours.close()
        os.close(life_write)
        os.close(output_read)
        shutil.rmtree(own, ignore_errors=True)
        if account is not None and isinstance(error, PermissionError):
            reason = f"user {account.name} cannot execute {sys.executable}"
            raise Diagnosed(Diagnosis(reason, "install agenthost where that user may read it")) from None
        raise
    finally:
        theirs.close()
        os.close(life_read)
        os.close(output_write)
    follow_output(output_read, key)
    process = Process(key, popen, ours, life_write, own)
    try:
        said = process.described(setup, seconds)
    except BaseException:
        process.kill()
        raise
    return process, said


class Process:
    """A process that is running."""

    def __init__(
        self, key: str, popen: subprocess.Popen[bytes], channel: socket.socket, life: int, directory: str
    ) -> None:
        self._key = key
        self._clearing = finalize(self, shutil.rmtree, directory, ignore_errors=True)
        self._popen = popen
        self._channel = channel
        self._reader = Reader()
        self._last = 0
        self._asked: dict[int, _Asked] = {}
        self._frames: Frames | None = None
        self._lost: Callable[[Process], object] = _nothing
        self._store: Callable[[Process, int, list[Any]], object] = _nothing
        self._stray: Callable[[Owner], object] = _nothing
        self._pinged = 0.0
        self._cpu: float | None = None
        """Seconds of CPU that it had used when it was asked."""
        self.started = time.monotonic()
        self.meant_to_end = False
        """True once the host has decided to end it."""
        self.over = asyncio.Event()
        self._ending = finalize(self, _end, popen, channel, life)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def calls(self) -> int:
        """The number of calls that run in the process."""
        return len(self._asked)

    @property
    def only_overdue(self) -> bool:
        """True if all calls in the process should have ended."""
        return all(asked.overdue for asked in self._asked.values())

    @property
    def any_overdue(self) -> bool:
        """True if some call in the process should have ended."""
        return any(asked.overdue for asked in self._asked.values())

    @property
    def any_overdue_begun(self) -> bool:
        """True if some call that should have ended has begun."""
        return any(asked.overdue and asked.begun for asked in self._asked.values())

    @property
    def silent(self) -> float:
        """Seconds for which the host's ping has had no answer.

        It is 0 if the process has answered.
        """
        return time.monotonic() - self._pinged if self._pinged else 0.0

    def stands_still(self, seconds: float) -> bool:
        """Return True if the process has not answered for more than ``seconds``.

        Time without the processor, while others have it, does not count.
        """
        silent = self.silent
        return silent > seconds and not starves(self.pid, self._cpu, silent)

    @property
    def memory(self) -> int:
        """The memory of the process, in bytes.

        It is 0 if that is not known.
        """
        try:
            with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - one look, without pathlib
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError, ValueError):
            return 0

    def described(self, setup: Setup, seconds: float) -> dict[str, Any]:
        """Send the process its setup, and return the description of its agent.

        See ``start_process``.
        """
        candidate, until = setup.candidate, time.monotonic() + seconds
        try:
            self._channel.settimeout(seconds)
            self._channel.sendall(framed("setup", 0, pickle.dumps(setup)))
            while True:
                self._channel.settimeout(max(0.001, until - time.monotonic()))
                data = self._channel.recv(1 << 18)
                if not data:
                    reason = f"its process {self.how_it_ended()} while it was loaded"
                    raise Diagnosed(Diagnosis(reason, upgrade_remedy(setup.candidate, setup.key)))
                for kind, _, content in self._reader.messages(data):
                    if kind == "described":
                        said: dict[str, Any] = content
                        return said
                    workflow, reason, remedy, _ = content
                    if workflow:
                        raise NotIsolatable(reason)
                    raise Diagnosed(Diagnosis(reason, remedy))
        except TimeoutError:
            remedy = timeout_remedy(candidate, self._key)
            raise Diagnosed(Diagnosis(f"did not finish loading within {seconds:g} s", remedy)) from None
        except OSError:
            reason = f"its process {self.how_it_ended()} while it was loaded"
            raise Diagnosed(Diagnosis(reason, upgrade_remedy(setup.candidate, setup.key))) from None

    async def attach(
        self,
        lost: Callable[[Process], object],
        store: Callable[[Process, int, list[Any]], object],
        stray: Callable[[Owner], object],
    ) -> None:
        """Use the process on the running event loop from now on.

        ``store`` is called with its questions to the store; ``stored`` answers. ``stray`` is called with the owner of
        the code that started what failed by itself.
        """
        self._lost, self._store, self._stray = lost, store, stray
        self.over = asyncio.Event()
        self._channel.setblocking(False)  # noqa: FBT003 - the socket's own method
        frames = Frames(self._receive, self._connection_lost)
        frames.resume(self._reader)
        await asyncio.get_running_loop().create_unix_connection(lambda: frames, sock=self._channel)
        self._frames = frames

    async def ask(self, operation: str, *arguments: Any) -> Any:
        """Run an operation in the process and return its result.

        If the caller is cancelled, the call is cancelled too. ``ends_overdue`` returns whether it has ended.

        Raises:
            CallNotStarted: the process ended before.
            OwnProcessError: it failed, or the process ended.
            ArgumentsRefused, StateUnavailable, TimeoutError: as the agent's own code raised it.
        """
        frames = self._frames
        if frames is None:
            raise CallNotStarted
        self._last += 1
        number = self._last
        encoded = framed("do", number, [operation, *arguments])
        asked = self._asked[number] = _Asked(asyncio.get_running_loop().create_future())
        frames.send_framed(encoded)
        try:
            return await asked.answer
        except asyncio.CancelledError:
            if not asked.ended.is_set():
                asked.overdue = True
                frames.send("cancel", number)
            raise

    async def ends_overdue(self) -> bool:
        """Give cancelled calls a moment. Return True if all have ended."""
        for asked in [each for each in self._asked.values() if each.overdue]:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await asked.ended.wait()
        return not any(each.overdue for each in self._asked.values())

    def ping(self) -> None:
        """Send a ping, unless one is under way.

        See ``silent``.
        """
        if not self._pinged and self._frames is not None:
            self._pinged = time.monotonic()
            self._cpu = cpu_of(self.pid)
            self._frames.send("ping", 0)

    def drop(self, ticket: int) -> None:
        """Let the process forget a configuration for a call."""
        if self._frames is not None:
            self._frames.send("drop", ticket)

    def stored(self, number: int, problem: str, value: Any) -> None:
        """Answer a question about the store."""
        if self._frames is not None:
            self._frames.send("stored", number, [problem, value])

    def end(self) -> None:
        """Let the process close its resources once its calls have ended.

        ``over`` is set when it has gone.
        """
        self.meant_to_end = True
        if self._frames is not None:
            self._frames.send("end", 0)
        else:
            self.kill()

    def kill(self) -> None:
        """Kill the process, with everything that it has started."""
        self.meant_to_end = True
        if self._frames is not None:
            _kill(self._popen)  # the loop notices, and clears up
        else:
            self._ending()
            self._clearing()

    def how_it_ended(self) -> str:
        """Return how the process ended, in a few words.

        It waits for the end, which is near.
        """
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_DYING)
        code = self._popen.returncode
        if code is None:
            return "stopped answering"
        if code < 0:
            try:
                return f"was ended by {signal.Signals(-code).name}"
            except ValueError:
                return f"was ended by signal {-code}"
        return f"ended with exit status {code}"

    def _receive(self, message: Message) -> None:
        kind, number, content = message
        if kind == "begun":
            if (asked := self._asked.get(number)) is not None:
                asked.begun = True
        elif kind in ("done", "raised"):
            if (asked := self._asked.pop(number, None)) is not None:
                asked.ended.set()
                if not asked.answer.done():
                    if kind == "done":
                        asked.answer.set_result(content)
                    else:
                        asked.answer.set_exception(_raised(*content))
        elif kind == "store":
            self._store(self, number, content)
        elif kind == "pong":
            self._pinged = 0.0
        elif kind == "stray":
            self._stray(Owner.of(self._key, *content))

    def _connection_lost(self) -> None:
        self._frames = None
        _kill(self._popen)
        how = "was replaced" if self.meant_to_end else self.how_it_ended()
        # The descriptor is the transport's until this has returned: closing it here could close another one.
        asyncio.get_running_loop().call_soon(self._ending)
        threading.Thread(target=self._clearing, name="agenthost-clearing").start()  # it may have left many files
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.ended.set()
            if not each.answer.done():
                gone = OwnProcessError(f"the process of agent {self._key} {how} during the call")
                each.answer.set_exception(gone if each.begun else CallNotStarted())
        self.over.set()
        self._lost(self)


def _raised(sort: str, kind: str, words: str, trace: str) -> BaseException:
    """Return the exception for an error that a call in a process raised."""
    if sort == "refused":
        return ArgumentsRefused(words)
    if sort == "state":
        return StateUnavailable(words)
    error = TimeoutError(words) if sort == "timeout" else OwnProcessError(f"{kind}: {words}" if words else kind)
    error.add_note(f"In the agent's own process:\n{trace}")
    return error


def _kill(popen: subprocess.Popen[bytes]) -> None:
    if popen.returncode is None:  # not asked whether it has ended: its group goes by its number until that is done
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)


def _own_directory(key: str, account: Account | None) -> str:
    """Make a directory for the temporary files of one process."""
    made = tempfile.mkdtemp(prefix=f"agenthost-{key.replace('/', '_').replace(':', '_')}-")
    if account is not None:
        os.chown(made, account.user, account.group)
    return made


def _end(popen: subprocess.Popen[bytes], channel: socket.socket, life: int) -> None:
    _kill(popen)
    os.close(life)
    with suppress(OSError):
        channel.close()
    with suppress(subprocess.TimeoutExpired):
        popen.wait(_DYING)


def _nothing(*_: object) -> None:
    pass
