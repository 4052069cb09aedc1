"""The supervisor of worker processes behind one port.

The supervisor opens the port and serves nothing itself; it imports neither the agents nor what serves them. A template
process imports the packages once, and every worker is forked from it, builds the agents, and serves. A worker that dies
is replaced at once, and one that keeps dying after a growing pause. While the packages are imported, a process without
agents answers; it closes its port once the first worker can serve. The secrets are generated before the workers start,
so that all of them accept each other's tokens.

Where a process cannot be forked safely, each worker is a new process that imports the packages itself, and serves
nothing that differs from what the first one found.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost._host.generations.channel import channel_pair
from agenthost._host.generations.children import start_python
from agenthost._host.generations.orders import WorkerOrder
from agenthost._host.generations.template_process import SpareProcess, TemplateProcess
from agenthost._host.operations.control_socket import controlled, socket_path
from agenthost._host.runtime.start import start_logging
from agenthost._host.telemetry.prometheus.shared import SHARED
from agenthost._host.walls.own_directories import remove_directories_of
from agenthost._web.older.generations import Generations
from agenthost._web.process.ports import address, port_of
from agenthost._web.process.reload_report import logged, on_hangup
from agenthost._web.supervisor.commands import Commands
from agenthost._web.supervisor.kept_health import KeptHealth
from agenthost._web.supervisor.kept_template import KeptTemplate
from agenthost._web.supervisor.rollout import Rollouts
from agenthost._web.supervisor.systemd import Systemd
from agenthost._web.supervisor.tallies import Tallies
from agenthost._web.supervisor.waiting import happened_within
from agenthost._web.supervisor.worker_slots import Worker, WorkerSlot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest
    from agenthost._host.generations.served_plan import ServedPlan

__all__ = ["Supervisor"]

_KILL_AFTER = 5.0
"""Seconds beyond grace and drain after which a stopping worker is killed."""
_WORKER = "from agenthost._web.process.worker import main; main()"

_log = logging.getLogger("agenthost.workers")


class Supervisor:
    """The supervisor of the workers."""

    def __init__(
        self,
        opened: socket.socket,
        config: Config,
        ready: Callable[[Mapping[str, Any]], None],
        relays: str,
        health: socket.socket | None = None,
        *,
        authoring: bool = False,
    ) -> None:
        self._opened = opened
        self.config = config
        """The configuration that new workers are started with."""
        self._ready = ready
        self.places = [WorkerSlot(self._launch) for _ in range(config.host.workers)]
        self.left: list[Worker] = []
        """Workers that have been sent away."""
        self.kept = KeptTemplate(forking=config.host.start_method == "fork", differ=self._tell_differing)
        self._spare = SpareProcess() if authoring else None
        self._responder: Worker | None = None
        self._first: tuple[WorkerSlot, Worker, ServedPlan] | None = None
        self.manifest: Manifest | None = None
        self.served: ServedPlan | None = None
        """The plan that is served; None at the start."""
        self.generation = 1
        """The number of the plan that is served: 1 at the start, and one more with each that replaces the workers."""
        self.revision = 1
        """The number of orders to replace all workers."""
        self._ended: list[int] = []
        self.stopping = self.told = False
        self._signal: int = signal.SIGTERM
        """The signal that ends the host, and its workers."""
        self._settled = True
        self._woken, self._waker = socket.socketpair()
        self._waker.settimeout(0)
        self.systemd = Systemd()
        self.rollouts = Rollouts(self)
        self.tallies = Tallies(self.wake)
        self.commands = Commands(
            self.rollouts, self.places, self._known, self._besides, self.tallies, logs=not authoring
        )
        self.older: Generations[Worker] = Generations(relays)
        self.health = KeptHealth(health, self._start_health)
        self._since = time.time()

    def run(self) -> None:
        """Keep every slot filled until a signal.

        Raises:
            AgentHostError: a worker rejects the installed agents, or the configuration.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGUSR1, _nothing)  # some tools send it to let a log be opened again
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))  # one before this line stops the host, too
        on_hangup(logged(self.rollouts.answer, self.tallies.reloaded))
        try:
            with controlled(socket_path(self.config, port_of(self._opened)), self.commands.answer):
                while not self.stopping:
                    self._supervise()
        finally:
            self.systemd.stopping()
            self._end(self.config.host.drain_grace + self.config.host.drain_timeout + _KILL_AFTER)
            self._woken.close()
            self._waker.close()

    def _besides(self) -> list[Worker]:
        """Return the processes that log beside the serving workers."""
        return [*self.older.members, *([self.health.process] if self.health.process is not None else [])]

    def _known(self) -> dict[str, Any]:
        """Return what the supervisor knows, for the status of the host."""
        since = time.time() - time.monotonic()
        known = [(place.restarts, place.serving or place.worker) for place in self.places]
        return {
            "url": address(self._opened),
            "since": self._since,
            "started": self.told,
            "generation": self.generation,
            "wanted_workers": len(self.places),
            "workers": [
                {
                    "process": worker.pid,
                    "generation": worker.generation,
                    "since": since + worker.started,
                    "restarts": restarts,
                }
                for restarts, worker in known
                if worker is not None
            ],
            "held": self.older.report(),
        }

    def wake(self) -> None:
        """Let the loop look at what has changed, from any thread."""
        with suppress(OSError):  # woken already
            self._waker.send(b"s")

    def start_template(
        self, config: Config, generation: int, withheld: Mapping[str, float], *, accept: bool = False
    ) -> TemplateProcess:
        """Start a template process, which imports the host.

        With ``accept``, it imports what differs from the lock file, too.
        """
        return TemplateProcess.start(
            self._opened.fileno(), config, generation, withheld, accept=accept, spare=self._spare
        )

    @property
    def authoring(self) -> bool:
        """True if an author edits the packages."""
        return self._spare is not None

    def start_worker(self, template: TemplateProcess | None, order: WorkerOrder) -> Worker | None:
        """Start a worker, or return None where its template process cannot fork."""
        order = evolve(order, membership=self.older.membership(order.generation))
        if template is None:
            ours, theirs = channel_pair()
            child = start_python(_WORKER, theirs.fileno())
            theirs.close()
            ours.send(order, [self._opened.fileno()])
            return Worker(child, ours, generation=order.generation, revision=self.revision)
        forked = template.fork(order, lambda: self.stopping)
        return None if forked is None else Worker(*forked, template, order.generation, self.revision)

    def _supervise(self) -> None:
        self._keep_template()
        wanted = self.places if self.told else self.places[:1]
        able = self.kept.able
        for place in wanted if able else ():
            if (
                place.fill(early=self.kept.spawning and not self.told)
                and not self._settled
                and place.worker is not None
            ):
                place.worker.order("settled", False)  # noqa: FBT003 - the message itself
        if able:
            self._replace_next()
            self.health.keep(None if self.kept.spawning else self.kept.process, self.config, self._present())
        self.health.report(self.config, self._present())
        self.rollouts.advance()
        canary = self.rollouts.canary
        self.older.announce([*self._accepting(), canary] if canary is not None else self._accepting())
        self._forget_ended()
        unsettled = [seconds for place in self.places if (seconds := place.unsettled) is not None]
        self._send_settled(now=not unsettled)
        now = time.monotonic()
        pauses = [
            each.due - now for each in wanted if able and (each.worker is None or self._is_next(each))
        ] + unsettled
        if (pause := self.kept.pause) is not None and not self.rollouts.imports:
            pauses.append(pause)
        if able and (pause := self.health.pause) is not None:
            pauses.append(pause)
        if (pause := self.systemd.alive()) is not None:
            pauses.append(pause)
        self._wait(max(0.0, min(pauses)) if pauses else None)

    def _wait(self, seconds: float | None) -> None:
        """Wait for an event, and handle it."""
        templates = [each for each in (self.kept.process, self.rollouts.template) if each is not None and not each.lost]
        workers = self._all()
        health = [self.health.process.messages] if self.health.process is not None else []
        channels = [*(each.channel for each in templates), *health]
        happened = happened_within((self._woken, *channels), workers, seconds)
        if self._woken.fileno() in happened:
            self._woken.recv(64)
        for template in templates:
            if template.channel.fileno() in happened:
                template.receive()
        if health and health[0].fileno() in happened:
            process, answer = self.health.process, self.health.receive()
            if process is not None and answer is not None:
                self.commands.receive(process, "answer", answer)
        for worker in workers:
            if worker.messages.fileno() in happened:
                self._receive(worker, *worker.receive())
        for worker in workers:
            if worker.process.handle in happened or (worker.gone and not worker.process.is_alive()):
                self._has_ended(worker)

    def _receive(self, worker: Worker, kind: str, content: Any) -> None:
        match kind:
            case "refused" if worker is self.rollouts.canary:
                self.rollouts.refused(content)
            case "refused" if not self.told:
                raise content
            case "refused":
                _log.error("a new worker cannot serve: %s", content)
            case "condition":
                self.health.pass_on(worker)
            case "reloaded" | "answer":
                self.commands.receive(worker, kind, content)
            case "calls" | "counted":
                self.older.receive(worker, kind, content)
            case "closed":
                self._has_closed(worker)
            case "ready" if worker is self.rollouts.canary:
                self.rollouts.built(content)
            case "ready":
                self._can_serve(worker, content)

    def _can_serve(self, worker: Worker, plan: ServedPlan) -> None:
        """Let a worker serve, once nothing without agents answers any more."""
        for place in [each for each in self.places if each.worker is worker]:
            if self._responder is not None:
                self._responder.order("leave")
                self._first = (place, worker, plan)
            else:
                self._serves(place, worker, plan)

    def _has_closed(self, worker: Worker) -> None:
        worker.closed = True
        if worker is self._responder:
            self._responder_has_closed()

    def _responder_has_closed(self) -> None:
        """Let the first worker serve, as nothing else answers any more."""
        if self._responder is not None:
            self.left.append(self._responder)
            self._responder = None
        first, self._first = self._first, None
        if first is not None:
            self._serves(*first)

    def _serves(self, place: WorkerSlot, worker: Worker, plan: ServedPlan) -> None:
        worker.order("go")
        self.has_replaced(place)
        worker.serving = True
        if not self.told:
            self.told = True
            template = self.kept.process
            imported = template.imported if template is not None else None
            self._ready(plan.report)
            self.served = evolve(plan, report={})  # it is long, and nothing reads it again
            self.manifest = imported.manifest if imported is not None else plan.manifest
            self.systemd.ready()

    def takes_over(self, canary: Worker, plan: ServedPlan, manifest: Manifest, config: Config) -> None:
        """Serve a new generation.

        Its canary replaces the first worker, and the others follow one by one.
        """
        self.kept.replace(canary.template)
        self.manifest, self.served = manifest, plan
        self.config = config
        start_logging(config)
        self.older.configure(config)
        self.older.make_room()
        self.generation, self.revision = canary.generation, self.revision + 1
        canary.revision = self.revision
        place = self.places[0]
        if place.leaving is not None and place.worker is not None:  # a successor of the old generation
            place.worker.process.kill()
            self.left.append(place.worker)
            place.worker = place.leaving
        place.leaving, place.worker = place.worker, canary
        canary.order("go")
        canary.serving = True
        self.has_replaced(place)

    def has_replaced(self, place: WorkerSlot) -> None:
        """Send the old worker of a slot away, as its successor serves."""
        if self._spare is not None:
            self._spare.prepare()
        if place.leaving is not None:
            if self.authoring:
                place.leaving.order("leave")
                self.left.append(place.leaving)
            elif not self.older.replaced(place.leaving, self._accepting(), self.left):
                self.left.append(place.leaving)
            place.leaving, place.failed_replacements = None, 0

    @property
    def replaced(self) -> list[Worker]:
        """The workers that others have replaced, and that have not ended."""
        return [*self.left, *self.older.members]

    def _accepting(self) -> list[Worker]:
        """Return the workers that accept connections."""
        return [worker for place in self.places for worker in place.workers if worker.serving]

    def _has_ended(self, worker: Worker) -> None:
        if not worker.process.forked:
            worker.process.is_alive()  # takes its exit code
        self._ended.append(worker.process.pid)
        remove_directories_of(worker.process.pid)
        self._take_last_messages(worker)
        if self.older.ended(worker, [each for each in self._all() if each is not worker]):
            worker.close()
        elif worker is self._responder:
            worker.close()
            self._responder = None
            self._responder_has_closed()
        elif worker in self.left:
            worker.close()
            self.left.remove(worker)
        elif worker is self.rollouts.canary:
            worker.close()
            self.rollouts.canary_has_ended(worker)
        for place in self.places:
            if place.leaving is worker:
                worker.close()
                place.leaving = None
            elif place.worker is worker:
                if self._first is not None and self._first[1] is worker:
                    self._first = None
                place.clear()
                self.tallies.ended()

    def _take_last_messages(self, worker: Worker) -> None:
        while not worker.gone and worker.has_messages():
            self._receive(worker, *worker.receive())

    def _replace_next(self) -> None:
        """Replace the next worker that is older than the last order, one at a time."""
        place = next((each for each in self.places if self._is_next(each) and time.monotonic() >= each.due), None)
        if place is not None:
            place.replace()

    def _is_next(self, place: WorkerSlot) -> bool:
        """Return True if a worker is the next to be replaced."""
        worker = place.worker
        if worker is None or not worker.serving or worker.revision >= self.revision:
            return False
        return not any(each.leaving is not None for each in self.places)

    def _keep_template(self) -> None:
        """Keep a template process.

        While the first one imports the packages, another process answers.
        """
        started = self.kept.keep(
            lambda withheld: self.start_template(self.config, self.generation, withheld),
            self.config.host.build_timeout,
            serving=self.told,
            wait=self.rollouts.imports,
        )
        if started is None:
            return
        if not self.told and self._responder is None:
            waits = WorkerOrder(self.config, self.generation, early=True, waits=True)
            self._responder = self.start_worker(started, waits)
        self.health.keep(started, self.config, self._present())
        started.order_import(self.manifest)

    def _tell_differing(self, distributions: tuple[str, ...]) -> None:
        for worker in self._all():
            worker.order("differing", distributions)

    def _forget_ended(self) -> None:
        """Let a worker add up the metrics of ended ones."""
        serving = [place.worker for place in self.places if place.worker is not None and place.worker.serving]
        if SHARED in os.environ and serving and self._ended:
            for pid in self._ended:
                serving[0].order("ended", pid)
            self._ended.clear()
        self.tallies.hand_over(serving)

    def _send_settled(self, *, now: bool) -> None:
        """Tell every worker about a change.

        Readiness is off while one slot cannot keep a worker.
        """
        if now is self._settled:
            return
        self._settled = now
        _log.warning("workers are stable: ready again" if now else "workers keep dying: not ready")
        for place in self.places:
            if place.worker is not None:
                place.worker.order("settled", now)

    def _start_health(self, template: TemplateProcess | None) -> Worker | None:
        return self.start_worker(template, WorkerOrder(self.config, self.generation, health=True))

    def _present(self) -> list[Worker]:
        return [place.worker for place in self.places if place.worker is not None]

    def _launch(self, early: bool) -> Worker | None:  # noqa: FBT001 - see ``WorkerSlot.launch``
        order = WorkerOrder(self.config, self.generation, early=early, held=self._responder is not None)
        if not self.kept.spawning:
            return self.start_worker(self.kept.process, order)
        planned = tuple(self.served.ready.values()) if self.served is not None else ()
        return self.start_worker(None, evolve(order, manifest=self.manifest, planned=planned))

    def _stop(self, number: int, _frame: object) -> None:
        if self.stopping:
            for worker in self._all():
                worker.process.terminate()
        else:
            self._signal = number
        self.stopping = True
        self.wake()

    def _all(self) -> list[Worker]:
        others = [each for each in (self._responder, self.rollouts.canary) if each is not None]
        return [worker for place in self.places for worker in place.workers] + self.left + self.older.members + others

    def _end(self, patience: float) -> None:
        for worker in self._all():
            worker.process.send_signal(self._signal)
        deadline = time.monotonic() + patience
        for worker in self._all():
            if not worker.process.join(max(0.0, deadline - time.monotonic())):
                _log.error("worker %s did not end within %g s; killed", worker.process.pid, patience)
                worker.process.kill()
                worker.process.join()
            remove_directories_of(worker.process.pid)
        for template in (self.kept.process, self.rollouts.template, self._spare):
            if template is not None:
                template.end()
        self.health.end()


def _nothing(*_: object) -> None:
    pass
