"""A worker: serves requests, and communicates with its supervisor."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import pickle
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from agenthost._host.generations.channel import Channel
from agenthost._host.generations.late_imports import LateImports
from agenthost._host.generations.orders import LOOK
from agenthost._host.generations.served_plan import READY, PlannedAgent, ServedPlan
from agenthost._host.operations.control_socket import ask_host, socket_path
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.runtime import gc_freeze
from agenthost._host.runtime.start import installed_plan, make_runtime, remember, start_logging
from agenthost._host.status.of_process import history_of, status_of
from agenthost._host.telemetry.call_log import write_now
from agenthost._host.telemetry.prometheus.shared import forget_process
from agenthost._host.telemetry.recent_lines import recent_lines
from agenthost._host.walls.kernel import set_debuggable, use_one_heap
from agenthost._web.front import Front
from agenthost._web.older.keeping import Keeping
from agenthost._web.process.health_process import answer_health
from agenthost._web.process.ports import port_of
from agenthost._web.process.preload import Preloaded, decide, stand_ins
from agenthost._web.process.programs import first_plan, front_of
from agenthost._web.process.serving import serve_front
from agenthost.errors import AgentHostError, PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest
    from agenthost._host.generations.orders import WorkerOrder
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._web.process.reload import Reloading

__all__ = ["INTERRUPT", "exits_here", "main", "work"]

INTERRUPT = (signal.SIGINT,)
"""Blocked in a new process until it can end without a traceback."""
_log = logging.getLogger("agenthost.workers")

_REPORTED_WITHIN = 5.0
"""Seconds in which the supervisor must have read a worker's last report."""
_TOLD_EVERY = 0.5
"""Seconds between two reports of a worker's condition, if there is a health port."""
_LOOK = 0.05
"""Seconds after which a change of the condition is reported."""


def main() -> None:
    """Serve at the supervisor's order, in a process of which no other one is forked."""
    use_one_heap()
    set_debuggable(False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPT)
    messages = Channel.of(int(sys.argv[1]))
    try:
        order, [listening] = messages.receive()
    except (EOFError, OSError, ValueError):
        return
    atexit.register(gc_freeze.freeze)
    work(socket.socket(fileno=listening), order, messages)


def work(opened: socket.socket, order: WorkerOrder, messages: Channel, preloaded: Preloaded | None = None) -> None:
    """Serve until the supervisor stops this worker, or has ended.

    ``preloaded`` are the packages that the template process has imported; None imports them here.
    """
    signal.signal(signal.SIGHUP, _nothing)  # it reaches the supervisor, too
    signal.signal(signal.SIGUSR1, _nothing)  # some tools send it to let a log be opened again
    config = order.config
    set_debuggable(config.host.debuggable)
    start_logging(config)
    if order.health:
        opened.close()
        answer_health(messages, config)
        return
    try:
        _serve(opened, order, messages, preloaded)
    except AgentHostError as refused:
        with suppress(OSError):
            messages.send(("refused", refused))


def _serve(opened: socket.socket, order: WorkerOrder, messages: Channel, preloaded: Preloaded | None) -> None:
    config = order.config
    asked = config.health.port is not None
    config = evolve(config, health=evolve(config.health, port=None))  # another process answers it
    program = None if order.waits else config.program
    front = _front(config, preloaded) if program is None else front_of(program, config)
    front.send_commands_by(partial(ask_host, socket_path(config, port_of(opened))))
    front.runtime.watched = asked
    own = preloaded is None and not order.waits
    keeping = None
    if order.membership is not None and not order.waits:
        keeping = Keeping(order.membership, front.runtime, lambda calls: worker.send("counted", calls))
    worker = _Worker(messages, front.runtime, order, keeping)

    def make() -> HostPlan:
        if order.waits:
            return _never()
        found = preloaded if preloaded is not None else decide(config, {}, order.manifest, accept=order.accept)
        found.late_imports.report = front.runtime.differing.add
        packages = found.packages
        if own:
            worker.manifest = found.manifest
            if found.differing:
                packages = evolve(
                    packages,
                    refused={**packages.refused, **worker.set_aside(found.differing)},
                    stand_ins=stand_ins(order.planned, found.differing, config),
                )
        if program is not None:
            return first_plan(front)
        return installed_plan(config, packages=packages, serving=True, lazy=True)

    threading.Thread(target=worker.listen, name="agenthost-orders", daemon=True).start()
    if asked:
        threading.Thread(target=worker.tell, name="agenthost-condition", daemon=True).start()
    serve_front(
        opened,
        front,
        make,
        worker.ready,
        early=order.early,
        commands=worker.reloading_with,
        closed=partial(worker.send, "closed", None),
        keeping=keeping,
    )
    worker.report_calls()


def _front(config: Config, preloaded: Preloaded | None) -> Front:
    prepared = preloaded.app if preloaded is not None else None
    return Front(make_runtime(config), sip_path=config.sip.path, prepared=prepared)


def exits_here(code: list[int]) -> None:
    """End the process after the exit functions that are registered from now on.

    Those registered before belong to the process that this one was forked from.
    """

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code[0])

    atexit.register(end)


@define(eq=False)
class _Worker:
    """A worker's side of its connection to the supervisor."""

    messages: Channel
    runtime: Runtime
    order: WorkerOrder
    keeping: Keeping | None = None
    manifest: Manifest | None = None
    """The files that this process imported itself."""
    _replaced: bool = False
    _going: threading.Event = field(factory=threading.Event)
    _reloading: tuple[Reloading, asyncio.AbstractEventLoop] | None = None

    def send(self, kind: str, content: object) -> None:
        """Send a message from any thread, unless the supervisor has ended."""
        with suppress(OSError):
            self.messages.send((kind, content))

    def ready(self, plan: HostPlan) -> None:
        """Report that the plan can be served.

        A held worker waits here until another process has closed its port, so that no request is answered by it
        afterwards.
        """
        self.send("ready", _served(plan, self.manifest, plan.report()))
        if self.order.held:
            self._going.wait()
        remember(self.runtime.config, plan)

    def report_calls(self) -> None:
        """Report the calls in progress of a replaced process to the one that stays.

        The report may be long, and the supervisor does not read it if the host stops meanwhile.
        """
        if self.keeping is None or not self._replaced:
            return
        report = self.keeping.calls.report(time.monotonic())
        thread = threading.Thread(target=self.send, args=("calls", report), name="agenthost-report", daemon=True)
        thread.start()
        thread.join(_REPORTED_WITHIN)

    def set_aside(self, distributions: Iterable[str]) -> dict[str, Diagnosis]:
        """Report distributions that the others have loaded otherwise, and return the reasons."""
        self.runtime.differing.update(distributions)
        _log.error("packages are not served by this worker, as they have changed: %s", ", ".join(distributions))
        return {
            name: Diagnosis(f"{name} has changed since this host loaded it", "agenthost reload")
            for name in distributions
        }

    @contextmanager
    def reloading_with(self, reloading: Reloading) -> Iterator[None]:
        """Accept orders to reload during the block."""
        gc_freeze.freeze()
        self._reloading = reloading, asyncio.get_running_loop()
        yield
        self._reloading = None

    def tell(self) -> None:
        """Report the condition of this worker, even if its event loop is blocked."""
        runtime = self.runtime
        known, told = None, 0.0
        with suppress(OSError):  # the supervisor has ended
            while True:
                moves = runtime.watchdog.stands_still < runtime.config.health.live_after
                now = runtime.phase, runtime.settled, runtime.state.problem, runtime.probing.verdict, moves
                if now != known or time.monotonic() - told >= _TOLD_EVERY:
                    condition = pickle.dumps(runtime.condition(details=True))  # which the supervisor passes on unread
                    self.messages.send(("condition", condition))
                    known, told = now, time.monotonic()
                time.sleep(_LOOK)

    def listen(self) -> None:
        """Carry out orders.

        The worker ends with the supervisor, whose end closes the channel.
        """
        try:
            while True:
                (order, content), _ = self.messages.receive()
                try:
                    self._carry_out(order, content)
                except Exception:  # noqa: BLE001 - the next order is carried out all the same
                    _log.exception("an order of the supervisor failed: %s", order)
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGTERM)

    def _carry_out(self, order: str, content: Any) -> None:
        match order:
            case "go":
                self._going.set()
            case "settled":
                self.runtime.settled = content
            case "differing":
                self.runtime.differing = {*content}
            case "ended" | "tallied":
                self._count(order, content)
            case "reload":
                agent, config, looked = content
                self.send("reloaded", self._reload(agent, config, looked=looked))
            case "status" | "logs" | "history" | "notes" | "close breaker":
                number, question = content
                self.send("answer", (number, self._answer(order, question)))
            case "others" | "hold" | "calls" | "complete" | "settings":
                if self.keeping is not None:
                    self.keeping.carry_out(order, content)
            case "leave":  # another worker has replaced this one
                self._replaced = self.runtime.replaced = True
                os.kill(os.getpid(), signal.SIGTERM)

    def _answer(self, order: str, question: Any) -> Any:
        if order == "status":
            return status_of(self.runtime)
        if order == "history":
            return history_of(self.runtime)
        if order == "notes":
            return self.runtime.notes.report(question)
        if order == "close breaker":
            return self.runtime.caller.gates.close(question)
        write_now()
        return recent_lines.unseen(*question)

    def _count(self, order: str, content: Any) -> None:
        if order == "ended":
            forget_process(content)
        else:
            self.runtime.metrics.tallied(*content)

    def _reload(
        self, agent: str | None, config: Config, *, looked: bool
    ) -> tuple[dict[str, Any], ServedPlan | PlannedAgent] | AgentHostError | str:
        """Reload, and return the result with the plan, or its only changed agent.

        Unless the supervisor has ``looked`` at what is installed, only an agent of an unchanged package is reloaded.
        """
        if self._reloading is None:
            return PlanError("the host is still starting; reload it when it serves.")
        if not looked and not self._has_as_it_is(agent):
            return LOOK
        reloading, loop = self._reloading
        config = evolve(config, health=evolve(config.health, port=None))
        try:
            told = asyncio.run_coroutine_threadsafe(reloading.reload(agent, config, ()), loop).result()
        except AgentHostError as error:
            return error
        published = self.runtime.published
        if published is None:
            return PlanError("the host is stopping.")
        if (only := told.pop("only")) is not None and (now := published.plan.find(only)) is not None:
            return told, _planned(now)
        return told, _served(published.plan, self.manifest, {})

    def _has_as_it_is(self, agent: str | None) -> bool:
        """Return True if the package of an agent is still what this process has loaded."""
        published, loaded = self.runtime.published, LateImports.of_this_process()
        if agent is None or published is None or loaded is None:
            return False
        mounted = published.plan.find(agent)
        offer = mounted.selected.offer if mounted is not None else None
        return offer is not None and loaded.has_as_it_is(offer)


def _planned(agent: Mounted) -> PlannedAgent:
    return PlannedAgent(
        agent.full_key,
        agent.key,
        READY,
        agent.distribution,
        agent.version,
        agent.route,
        agent.functions,
        agent.sip,
        name=agent.name,
        fallback=agent.fallback,
    )


def _served(plan: HostPlan, manifest: Manifest | None, report: Mapping[str, Any]) -> ServedPlan:
    agents = [_planned(each) for each in plan.agents]
    agents += [
        PlannedAgent(
            each.selected.full_key,
            each.key,
            each.state,
            each.distribution,
            each.version,
            each.route,
            reason=f"{each.diagnosis.reason}. fix: {each.diagnosis.remedy}" if each.diagnosis is not None else "",
        )
        for each in plan.set_aside
    ]
    plugins = {each.key: each.diagnosis.reason for each in plan.plugins if each.diagnosis is not None}
    return ServedPlan(report, tuple(agents), plugins, manifest)


def _never() -> HostPlan:
    """Wait until the process ends."""
    while True:
        time.sleep(3600)


def _nothing(*_: object) -> None:
    pass
