"""Several processes behind one port, and the one that looks after them.

The supervising process opens the port and serves nothing itself. Each worker is started afresh (``spawn``: an event
loop and threads do not survive a fork), builds the agents, and serves; one that dies is replaced at once, and one that
keeps dying after a growing pause. The first one answers while it builds the agents; the others start when it serves,
and like those that replace one they take no request before they can serve it. The secrets are made before the workers
start, so that all of them take each other's tokens.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from attrs import define, evolve

from agenthost._host.condition import Condition, Phase, together
from agenthost._host.metrics import SHARED, forget_process
from agenthost._host.server import credentials_of, installed_plan, make_runtime, start_logging
from agenthost._web.connections import protocol_for
from agenthost._web.front import Front
from agenthost._web.health_port import health_port
from agenthost._web.serving import listen_for_health, serve_front
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.context import SpawnProcess

    from agenthost._host.config import Config
    from agenthost._host.plan import HostPlan
    from agenthost._host.runtime import Runtime

__all__ = ["serve_with_workers"]

_SETTLED = 10.0
"""Seconds after which a worker's end is no longer blamed on its start."""
_PAUSES = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before a place is filled again, by how many early ends it has seen in a row."""
_LOOPING = 3
"""Early ends in a row after which the host is not ready any more."""
_TOLD_EVERY = 0.5
"""Seconds after which a worker tells again how it is doing, where somebody asks here."""
_KILL_AFTER = 5.0
"""Seconds beyond grace and drain after which a worker that was asked to end is killed."""

_log = logging.getLogger("agenthost.workers")


@define(eq=False)
class _Place:
    """A place for a worker: the process in it, if there is one, and when the next may start.

    Args:
        launch: starts a process, which answers early or not; gives it and our end of its pipe.
    """

    launch: Callable[[bool], tuple[SpawnProcess, Connection]]
    process: SpawnProcess | None = None
    messages: Connection | None = None
    started: float = 0.0
    due: float = 0.0
    early_ends: int = 0
    condition: Condition | None = None
    heard: float = 0.0

    def fill(self, *, early: bool) -> bool:
        """Start a process here if none is running and its time has come; whether one was started."""
        if self.process is not None or time.monotonic() < self.due:
            return False
        self.process, self.messages = self.launch(early)
        self.started = time.monotonic()
        return True

    def clear(self) -> None:
        """Take the ended process away, and decide when the next one starts."""
        if self.process is None or self.messages is None:
            return
        self.process.join()
        now = time.monotonic()
        self.early_ends = self.early_ends + 1 if now - self.started < _SETTLED else 0
        self.due = now + _PAUSES[min(self.early_ends, len(_PAUSES) - 1)]
        _log.error("worker %s ended with %s", self.process.pid, self.process.exitcode)
        self.messages.close()
        self.condition = None
        if self.process.pid is not None:
            forget_process(self.process.pid)
        self.process = self.messages = None

    def end(self) -> None:
        """Ask the process to end."""
        if self.process is not None:
            self.process.terminate()

    @property
    def unsettled(self) -> float | None:
        """Seconds until a place whose processes keep ending is trusted again; None where that is no question."""
        if self.early_ends < _LOOPING:
            return None
        age = time.monotonic() - self.started if self.process is not None else 0.0
        return _SETTLED - age if age < _SETTLED else None

    def tell(self, settled: bool) -> None:  # noqa: FBT001 - the message itself
        """Tell the process whether all places are settled: if they are not, the host is not ready."""
        if self.messages is not None:
            with suppress(OSError):  # it is just ending
                self.messages.send(settled)

    def told(self) -> Condition | None:
        """How the worker here is doing; one that has fallen silent stands still."""
        condition, silent = self.condition, time.monotonic() - self.heard
        if condition is None or silent < 4 * _TOLD_EVERY:
            return condition
        return evolve(condition, stands_still=condition.stands_still + silent)

    def receive(self) -> tuple[str, Any]:
        """The next message; how the worker is doing is kept, and nothing to act on."""
        kind, content = _receive(self.messages)
        if kind == "condition":
            self.condition, self.heard = content, time.monotonic()
        return kind, content

    def handles(self) -> list[Any]:
        """What to wait for."""
        return [] if self.process is None else [self.messages, self.process.sentinel]


def serve_with_workers(opened: socket.socket, config: Config, ready: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve what is installed on an open port, with ``config.host.workers`` processes, until SIGTERM or SIGINT.

    Args:
        opened: the port.
        config: the configuration, with its secrets.
        ready: called with the plan's report when the first worker serves.

    Raises:
        PlanError: a worker refuses to serve what is installed.
    """
    stopping = threading.Event()
    woken, waker = socket.socketpair()
    waker.settimeout(0)

    def stop(_number: int, _frame: object) -> None:
        if stopping.is_set():
            for place in places:
                place.end()
        stopping.set()
        with suppress(OSError):  # it has been woken already
            waker.send(b"s")

    places = [_Place(partial(_launch, opened, config)) for _ in range(config.host.workers)]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    shared = tempfile.mkdtemp(prefix="agenthost-metrics-")
    os.environ[SHARED] = shared  # the workers' metrics are added up there

    def condition(_path: str, _details: bool) -> Condition:  # noqa: FBT001 - workers tell their probes in any case
        if stopping.is_set():  # nobody listens to the workers any longer
            last = together([place.condition for place in places if place.condition is not None])
            return evolve(last, phase=Phase.DRAINING, stands_still=0.0)
        return together([told for place in places if (told := place.told()) is not None])

    try:
        protocol = protocol_for(config.host)
        with health_port(listen_for_health(config), condition, config, credentials_of(config), protocol):
            try:
                _watch(places, woken, stopping, ready)
            finally:
                _end(places, config.host.drain_grace + config.host.drain_timeout + _KILL_AFTER)
    finally:
        woken.close()
        waker.close()
        del os.environ[SHARED]
        shutil.rmtree(shared, ignore_errors=True)


def _watch(
    places: list[_Place],
    woken: socket.socket,
    stopping: threading.Event,
    ready: Callable[[Mapping[str, Any]], None],
) -> None:
    told, settled = False, True
    while not stopping.is_set():
        wanted = places if told else places[:1]
        _fill(wanted, early=not told, settled=settled)
        unsettled = [seconds for place in places if (seconds := place.unsettled) is not None]
        settled = _tell_whether_settled(places, now=not unsettled, before=settled)
        pauses = [place.due - time.monotonic() for place in wanted if place.process is None] + unsettled
        handles = [handle for place in places for handle in place.handles()]
        happened = wait([woken, *handles], max(0.0, min(pauses)) if pauses else None)
        for place in places:
            if place.messages in happened:
                kind, content = place.receive()
                if kind == "refused" and not told:
                    raise PlanError(content)
                if kind == "refused":
                    _log.error("a new worker does not serve: %s", content)
                if kind == "ready" and not told:
                    told = True
                    ready(content)
            if place.process is not None and place.process.sentinel in happened:
                place.clear()


def _fill(wanted: list[_Place], *, early: bool, settled: bool) -> None:
    """Start the processes that are missing."""
    for place in wanted:
        if place.fill(early=early) and not settled:
            place.tell(settled)


def _tell_whether_settled(places: list[_Place], *, now: bool, before: bool) -> bool:
    """Tell every worker when that changes: readiness is off while one place cannot keep a process."""
    if now is not before:
        _log.warning("no worker keeps ending: ready again" if now else "workers keep ending: not ready")
        for place in places:
            place.tell(now)
    return now


def _receive(messages: Connection | None) -> tuple[str, Any]:
    try:
        received: tuple[str, Any] = messages.recv() if messages is not None else ("gone", None)
    except (EOFError, OSError):
        return "gone", None
    return received


def _launch(opened: socket.socket, config: Config, early: bool) -> tuple[SpawnProcess, Connection]:  # noqa: FBT001
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(opened, config, theirs, early), name="agenthost-worker")
    process.start()
    theirs.close()
    return process, ours


def _end(places: list[_Place], patience: float) -> None:
    running = [place.process for place in places if place.process is not None]
    for place in places:
        place.end()
    deadline = time.monotonic() + patience
    for process in running:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            _log.error("worker %s did not end within %g s; killed", process.pid, patience)
            process.kill()
            process.join()


def _work(opened: socket.socket, config: Config, messages: Connection, early: bool) -> None:  # noqa: FBT001
    """The life of one worker."""
    start_logging(config)
    sending = threading.Lock()
    asked = config.health.port is not None
    config = evolve(config, health=evolve(config.health, port=None))  # it is answered by the supervising process
    front = Front(make_runtime(config))
    front.runtime.watched = asked
    threading.Thread(target=_follow, args=(messages, front.runtime), daemon=True).start()

    def send(kind: str, content: object) -> None:
        with sending:
            messages.send((kind, content))

    def ready(plan: HostPlan) -> None:
        send("ready", plan.report())

    if asked:
        threading.Thread(target=_tell, args=(front.runtime, send), name="agenthost-condition", daemon=True).start()
    try:
        serve_front(opened, front, partial(installed_plan, config), ready, early=early)
    except PlanError as refused:
        send("refused", str(refused))


def _tell(runtime: Runtime, send: Callable[[str, object], None]) -> None:
    """Tell how this worker is doing, whatever its event loop does."""
    with suppress(OSError):  # the supervising process is gone
        while runtime.phase is not Phase.DRAINING:
            send("condition", runtime.condition(details=True))
            time.sleep(_TOLD_EVERY)


def _follow(messages: Connection, runtime: Runtime) -> None:
    """Hear whether all places are settled; end with the supervising process: its side of the pipe closes with it."""
    try:
        while True:
            runtime.settled = messages.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
