"""Several worker processes behind one port, and their supervisor.

The supervisor opens the port and serves nothing itself. Each worker is a new process (``spawn``, as an event loop and
threads do not survive a fork), builds the agents, and serves. A worker that dies is replaced at once, and one that
keeps dying after a growing pause. The first one answers while it builds the agents. The others start once it serves,
and like replacements they accept no request before they can serve it. The secrets are generated before the workers
start, so that all of them accept each other's tokens.

Once all serve, a spare process is prepared: it has imported everything, and replaces a worker that dies without that
delay.
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
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from agenthost._host.operations.control_socket import controlled, socket_path
from agenthost._host.runtime.condition import Condition, combined
from agenthost._host.runtime.reload import read_again
from agenthost._host.runtime.start import settings_of, start_logging
from agenthost._host.telemetry.shared_metrics import SHARED
from agenthost._web.process.health_port import health_port
from agenthost._web.process.reload import on_hangup, report
from agenthost._web.process.serving import listen_for_health
from agenthost._web.process.worker import INTERRUPT, wait_and_work
from agenthost._web.process.worker_slots import Worker, WorkerSlot
from agenthost._web.request.rules import InForce
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["serve_with_workers"]

_SPARE_AGAIN = 5.0
"""Seconds after which an ended spare process is replaced."""
_KILL_AFTER = 5.0
"""Seconds beyond grace and drain after which a stopping worker is killed."""

_log = logging.getLogger("agenthost.workers")


def serve_with_workers(opened: socket.socket, config: Config, ready: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve the installed agents with several processes, until SIGTERM or SIGINT.

    ``ready`` is called with the plan's report when the first worker serves.

    Raises:
        PlanError: a worker rejects the installed agents.
    """
    supervisor = _Supervisor(opened, config, ready)
    shared = tempfile.mkdtemp(prefix="agenthost-metrics-")
    os.environ[SHARED] = shared  # the directory of the workers' metrics
    try:
        with health_port(listen_for_health(config), supervisor.condition, InForce(lambda: supervisor.settings)):
            supervisor.run()
    finally:
        del os.environ[SHARED]
        shutil.rmtree(shared, ignore_errors=True)


class _Supervisor:
    """The supervisor of the workers."""

    def __init__(self, opened: socket.socket, config: Config, ready: Callable[[Mapping[str, Any]], None]) -> None:
        self._opened = opened
        self.settings = settings_of(config)
        self._ready = ready
        self._places = [WorkerSlot(self._launch) for _ in range(config.host.workers)]
        self._left: list[Worker] = []
        self._spare: Worker | None = None
        self._spare_due = 0.0
        self._modules: list[str] = []
        self._stopping = self._told = False
        self._settled = True
        self._woken, self._waker = socket.socketpair()
        self._waker.settimeout(0)
        self._replies: SimpleQueue[Any] = SimpleQueue()
        self._to_replace: SimpleQueue[WorkerSlot] = SimpleQueue()
        self._reloading = threading.Lock()

    def run(self) -> None:
        """Keep every slot filled until a signal.

        Raises:
            PlanError: a worker rejects the installed agents.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        on_hangup(self.answer)
        try:
            with controlled(socket_path(self._config, self._opened.getsockname()[1]), self.answer):
                while not self._stopping:
                    self._supervise()
        finally:
            self._end(self._config.host.drain_grace + self._config.host.drain_timeout + _KILL_AFTER)
            self._woken.close()
            self._waker.close()

    @property
    def _config(self) -> Config:
        return self.settings.config

    def condition(self, _path: str, _details: bool) -> Condition:  # noqa: FBT001 - workers report their probes anyway
        """Return the condition of the host."""
        workers = [worker for place in self._places if (worker := place.worker) is not None]
        return combined([known for worker in workers if (known := worker.latest_condition()) is not None])

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Reload one worker after the other, called from another thread.

        The first one shows if the new plan can be served. Changes that need a new process, such as reinstalled code,
        replace each worker once its successor serves.

        Raises:
            AgentHostError: the plan cannot be served, and every worker is unchanged.
        """
        with self._reloading:
            if not self._told:
                raise PlanError("the host is still starting; reload it when it serves.")
            config, restart = read_again(self._config)
            told: dict[str, Any] | None = None
            for place in self._places:
                reply = self._reload(place, (request.get("agent"), config))
                if isinstance(reply, Exception) and told is None:
                    raise reply
                if isinstance(reply, dict):
                    told = told or reply
                else:  # the worker has ended, and its successor reads everything itself
                    self._to_replace.put(place)
            if told is None:
                raise PlanError("no worker serves at the moment. fix: try again once the host is ready.")
            self.settings = settings_of(config)
            start_logging(config)
            replaced = told.pop("process")
            if replaced:
                self._dismiss_spare()
                for place in self._places:
                    self._to_replace.put(place)
            self._wake()
            return report({**told, "replaced": replaced, "restart": list(restart)})

    def _reload(self, place: WorkerSlot, order: tuple[str | None, Config]) -> Any:
        """Return a worker's reply to the order to reload, or None."""
        worker = place.worker
        if worker is None:
            return None
        worker.order("reload", order)
        until = time.monotonic() + order[1].host.build_timeout * 6
        while worker is place.worker and time.monotonic() < until:
            with suppress(Empty):
                return self._replies.get(timeout=0.2)
        return None

    def _supervise(self) -> None:
        wanted = self._places if self._told else self._places[:1]
        for place in wanted:
            if place.fill(early=not self._told) and not self._settled and place.worker is not None:
                place.worker.order("settled", False)  # noqa: FBT003 - the message itself
        self._replace_next()
        self._keep_spare()
        unsettled = [seconds for place in self._places if (seconds := place.unsettled) is not None]
        self._send_settled(now=not unsettled)
        pauses = [place.due - time.monotonic() for place in wanted if place.worker is None] + unsettled
        workers = [worker for place in self._places for worker in place.workers]
        handles: list[Any] = [worker.messages for worker in workers]
        handles += [worker.process.sentinel for worker in (*workers, *self._left)]
        happened = wait([self._woken, *handles], max(0.0, min(pauses)) if pauses else None)
        if self._woken in happened:
            self._woken.recv(64)
        for place in self._places:
            for worker in place.workers:
                if worker.messages in happened:
                    self._receive(place, worker, *worker.receive())
            if place.leaving is not None and place.leaving.process.sentinel in happened:
                place.leaving.close()
                place.leaving = None
            if place.worker is not None and place.worker.process.sentinel in happened:
                place.clear()
        for worker in [each for each in self._left if each.process.sentinel in happened]:
            worker.close()
            self._left.remove(worker)

    def _receive(self, place: WorkerSlot, worker: Worker, kind: str, content: Any) -> None:
        match kind:
            case "refused" if not self._told:
                raise PlanError(content)
            case "refused":
                _log.error("a new worker cannot serve: %s", content)
            case "reloaded":
                self._replies.put(content)
            case "ready":
                if place.leaving is not None and worker is place.worker:
                    place.leaving.order("leave")
                    self._left.append(place.leaving)
                    place.leaving = None
                worker.serving = True
                report_of_plan, self._modules = content
                if not self._told:
                    self._told = True
                    self._ready(report_of_plan)

    def _replace_next(self) -> None:
        """Replace the next worker, one at a time."""
        if any(place.leaving is not None for place in self._places):
            return
        with suppress(Empty):
            place = self._to_replace.get_nowait()
            if place.worker is not None:
                place.replace()

    def _send_settled(self, *, now: bool) -> None:
        """Tell every worker about a change.

        Readiness is off while one slot cannot keep a worker.
        """
        if now is self._settled:
            return
        self._settled = now
        _log.warning("workers are stable: ready again" if now else "workers keep dying: not ready")
        for place in self._places:
            if place.worker is not None:
                place.worker.order("settled", now)

    def _launch(self, early: bool) -> Worker:  # noqa: FBT001 - see ``WorkerSlot.launch``
        worker, self._spare = self._spare, None
        if worker is None or not worker.process.is_alive():
            worker = self._start()
        worker.order("serve", (self._config, early))
        worker.started = time.monotonic()
        return worker

    def _start(self) -> Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=wait_and_work, args=(self._opened, theirs, self._modules), name="agenthost-worker"
        )
        resource_tracker.ensure_running()  # the first process would start it, and that unblocks signals
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPT)  # the process would print a traceback for Ctrl-C
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPT)
        theirs.close()
        return Worker(process, ours)

    def _keep_spare(self) -> None:
        """Keep a spare process once all slots serve, and restart an ended one later."""
        if self._spare is not None and not self._spare.process.is_alive():
            self._dismiss_spare()
            self._spare_due = time.monotonic() + _SPARE_AGAIN
        serving = all(place.worker is not None and place.worker.serving for place in self._places)
        if self._spare is None and self._told and serving and time.monotonic() >= self._spare_due:
            self._spare = self._start()

    def _dismiss_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.process.terminate()
            spare.close()

    def _stop(self, _number: int, _frame: object) -> None:
        if self._stopping:
            for worker in self._all():
                worker.process.terminate()
        self._stopping = True
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # woken already
            self._waker.send(b"s")

    def _all(self) -> list[Worker]:
        spare = [self._spare] if self._spare is not None else []
        return [worker for place in self._places for worker in place.workers] + self._left + spare

    def _end(self, patience: float) -> None:
        for worker in self._all():
            worker.process.terminate()
        deadline = time.monotonic() + patience
        for worker in self._all():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                _log.error("worker %s did not end within %g s; killed", worker.process.pid, patience)
                worker.process.kill()
                worker.process.join()
