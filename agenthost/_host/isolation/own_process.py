"""The processes of an isolated agent: they run all of its author's code.

The host starts the first one, the template, with an environment made for it, without the host's secrets, and sends it
the setup. The template imports the package. Each process that is forked from it builds the agent, and the host receives
its description. From then on they exchange frames. All calls come from the host, and all access to stores goes through
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import json
import logging
import os
import pickle
import resource
import select
import signal
import socket
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agenthost._host.calls.stray_work import run_on
from agenthost._host.generations.late_imports import LateImports
from agenthost._host.isolation.descriptions import describe
from agenthost._host.isolation.frames import Reader, framed
from agenthost._host.isolation.isolated_agent import IsolatedAgent
from agenthost._host.isolation.process_output import RECORD
from agenthost._host.isolation.process_setup import BEGIN, FORK, SERVE, STATUS
from agenthost._host.isolation.raised_error import MOST_WORDS
from agenthost._host.packages.diagnosis import diagnose
from agenthost._host.packages.instantiate import Adapters, agent_of, is_agent, make_offered, resolve
from agenthost._host.telemetry.call_log import write_now
from agenthost._host.telemetry.current_call import calling, requesting, running
from agenthost._host.walls.kernel import control_process, set_debuggable, use_one_heap
from agenthost._host.walls.landlock import version
from agenthost.agent.base import seal
from agenthost.errors import ConfigurationError, DefinitionError
from agenthost.health import probes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.isolation.process_setup import Setup
    from agenthost.agent.base import AgentBase
    from agenthost.health import Probe

__all__ = ["main"]

_SET_SIGNAL = getattr(fcntl, "F_SETSIG", 10)
_NICE = 10
_SET_CHILD_SUBREAPER = 36
_FIRST_TO_GO = "500"


def main(connection: int, life: int) -> None:
    """Import a package, and fork the processes of its agent.

    The host ends this process. Where a fork is not safe, it is the agent's only one. ``life`` is the descriptor of a
    pipe whose other end closes when the host ends.
    """
    _end_with_the_host(life)
    _be_first_to_go()
    control_process(_SET_CHILD_SUBREAPER, 1)  # what the agent detaches stays below this process, and ends with it
    signal.signal(signal.SIGUSR1, lambda *_: None)  # as in the host
    use_one_heap()
    set_debuggable(False)  # its setup has secrets
    control = socket.socket(fileno=connection)
    setup = _setup(control)
    _limit_memory(setup.memory_limit)
    _log_to_the_host(setup.log_level)
    try:
        _enclose(setup)
        if setup.files:
            package = setup.candidate.distribution
            LateImports({path: (package, held) for path, held in setup.files.items()}, {}).install()
        import_module(setup.candidate.value.partition(":")[0].strip())
        first = framed("imported", 0, setup.may_fork and _can_fork())
    except BaseException as error:  # noqa: BLE001 - a package may raise anything, SystemExit included
        control.sendall(framed("failed", 0, _diagnosed(error, setup)))
        return
    control.sendall(first)
    _loop_factory()  # imports what all processes need
    gc.freeze()
    _serve(setup, _Orders(control).wait())
    os._exit(0)  # threads that hang are not waited for


def _can_fork() -> bool:
    """Return True if a fork would carry over all that the package has started."""
    return sys.platform == "linux" and threading.active_count() == 1


class _Orders:
    """The orders of the host to the template."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._woken, self._waker = socket.socketpair()

    def wait(self) -> tuple[int, int, int]:
        """Wait until this process is to serve.

        It is a forked one, or the template itself.

        Returns:
            The descriptors of its channel, its life, and its output.
        """
        for end in (self._woken, self._waker):
            end.setblocking(False)  # noqa: FBT003 - the socket's own method
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._woken.fileno() in ready:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
                self._report_ended()
            if self._control.fileno() in ready:
                order, descriptors, _, _ = socket.recv_fds(self._control, 1, 3)
                if not order:
                    os._exit(0)  # the host has gone
                channel, life, output = descriptors
                if order == SERVE or not os.fork():
                    self._close(forked=order == FORK)
                    return channel, life, output
                for descriptor in descriptors:
                    os.close(descriptor)

    def _report_ended(self) -> None:
        """Report the processes that have ended, those of the agent's helpers included."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with contextlib.suppress(OSError):
                    status = STATUS.pack(ended[0], os.waitstatus_to_exitcode(ended[1]))
                    self._control.send(status, socket.MSG_DONTWAIT)

    def _close(self, *, forked: bool) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._woken, self._waker, self._control):
            end.close()
        if forked:
            os.setsid()
            if (numpy := sys.modules.get("numpy")) is not None:  # Python's own generator is seeded again by itself
                numpy.random.seed()


def _serve(setup: Setup, descriptors: tuple[int, int, int]) -> None:
    """Build the agent, and run its code until the host ends this process."""
    connection, life, output = descriptors
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    _end_with_the_host(life)
    channel = socket.socket(fileno=connection)
    channel.sendall(framed("hello", 0, None))
    if channel.recv(len(BEGIN)) != BEGIN:
        return  # the host has gone
    try:
        agent, probes, said = _built(setup)
        first = framed("described", 0, said)
    except BaseException as error:  # noqa: BLE001 - a package may raise anything, SystemExit included
        first = framed("failed", 0, _diagnosed(error, setup))
        agent = None
    with contextlib.suppress(OSError):  # not before: while it is loaded a caller waits, and not for long
        os.nice(_NICE)
    channel.sendall(first)
    if agent is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what ends this process by hand; an author's code does not
    served = IsolatedAgent(agent, setup.key, probes)
    run_on(
        asyncio.Runner(loop_factory=_loop_factory()).get_loop(),
        served.serve(channel, Reader()),
        served.exited,
    )
    write_now()
    sys.stdout.flush()


def _setup(channel: socket.socket) -> Setup:
    reader = Reader()
    while data := channel.recv(65536):
        for _, _, content in reader.messages(data):
            setup: Setup = pickle.loads(content)  # noqa: S301 - the host's own words
            return setup
    raise SystemExit(0)  # the host has gone


def _end_with_the_host(life: int) -> None:
    """Have the kernel end this process when the host is gone, whatever runs here."""
    try:
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, _SET_SIGNAL, signal.SIGKILL)
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:  # not Linux: a thread sees it, unless compiled code keeps the interpreter to itself
        threading.Thread(target=lambda: (os.read(life, 1), os._exit(1)), name="agenthost-life", daemon=True).start()


def _enclose(setup: Setup) -> None:
    """Raise the walls around this process.

    Raises:
        ConfigurationError: a configured path does not exist.
    """
    try:
        setup.enclosure.enclose(os.environ.get("TMPDIR", ""))
    except FileNotFoundError as error:
        where = setup.section.place.at("paths")
        raise ConfigurationError(f"{where}: {error.filename} does not exist. fix: create it, or remove it") from None


def _be_first_to_go() -> None:
    """Make this process the first to be killed when memory is short."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(_FIRST_TO_GO)


def _limit_memory(memory_limit: int | None) -> None:
    if memory_limit is not None:
        # The host looks at intervals; a single allocation far beyond the limit raises MemoryError here.
        with contextlib.suppress(OSError, ValueError):
            most = 2 * memory_limit + 256 * 1024 * 1024
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


class _ToHost(logging.Handler):
    """Writes entries of the log as lines that the host takes over."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            owner = running.get()
            fields = owner.fields if owner is not None else {}
            if call := calling.get():
                fields["call"] = call
            if request := requesting.get():
                fields["request_id"] = request
            words = self.format(record)[:MOST_WORDS]
            line = RECORD + json.dumps([record.levelno, record.name, words, fields]) + "\n"
            data = line.encode("utf-8", "backslashreplace")
            while data:
                data = data[os.write(2, data) :]
        except Exception:  # noqa: BLE001 - as logging has it: an entry that cannot be written is lost
            self.handleError(record)


def _log_to_the_host(level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToHost()]
    root.setLevel(level.upper())


def _built(setup: Setup) -> tuple[AgentBase, tuple[Probe, ...], dict[str, Any]]:
    """Import and build the agent, and return its description.

    Raises:
        BaseException: whatever the package does.
    """
    value = setup.candidate.value
    adapters = _adapters(setup) if setup.adapters and not is_agent(resolve(value)) else ()
    agent = agent_of(value, make_offered(value, setup.section), adapters)
    workflows = sys.modules.get("agenthost.workflows.workflow")  # who makes one has imported it
    if workflows is not None and isinstance(agent, workflows.Workflow):
        raise WorkflowError(f"{value} is a workflow, which runs inside the host. fix: isolate its agents instead")
    template = seal(agent)
    probes = probes_of(agent)
    return agent, probes, describe(agent, template, probes)


def _adapters(setup: Setup) -> Adapters:
    """Import the plugins that make agents of other objects, and no other plugins."""
    made = [(value, resolve(value)) for value in setup.adapters]
    objects = [(value, plugin() if isinstance(plugin, type) else plugin) for value, plugin in made]
    return tuple((value, plugin.adapt_agent) for value, plugin in objects)


class WorkflowError(DefinitionError):
    """A workflow cannot live in a process of its own."""


def _diagnosed(error: BaseException, setup: Setup) -> list[Any]:
    """Return a failure of the package as values for the host.

    They are: True for a workflow, the reason, the remedy, and the traceback.
    """
    found = diagnose(error, setup.candidate, setup.key)
    remedy = found.remedy
    if isinstance(error, PermissionError) and isinstance(error.filename, str) and version():
        place = setup.section.place.key
        remedy = f'[{place}] paths = ["{error.filename}"] in agenthost.toml opens it to the agent'
    return [isinstance(error, WorkflowError), found.reason, remedy, found.traceback[-MOST_WORDS:]]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - where there is one
    except ImportError:
        return None
    return uvloop.new_event_loop
