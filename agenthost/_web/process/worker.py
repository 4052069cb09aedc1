"""A worker: serves requests, and communicates with its supervisor."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from agenthost._host.runtime import gc_freeze
from agenthost._host.runtime.start import installed_plan, make_runtime, remember, start_logging
from agenthost._host.walls.kernel import set_debuggable
from agenthost._web.front import Front
from agenthost._web.process.serving import serve_front
from agenthost.errors import AgentHostError, PlanError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._web.process.reload import Reloading

__all__ = ["INTERRUPT", "wait_and_work", "work"]

INTERRUPT = (signal.SIGINT,)
"""Blocked in a new process until it can end without a traceback."""
_TOLD_EVERY = 0.5
"""Seconds between two reports of a worker's condition, if there is a health port."""


def wait_and_work(opened: socket.socket, messages: Connection, modules: Sequence[str]) -> None:
    """Get ready to serve, and serve at the supervisor's order.

    ``messages`` is the pipe to the supervising process, whose first order has the configuration. ``modules`` are those
    of the served agents, which have been imported elsewhere without harm.
    """
    set_debuggable(False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPT)
    for module in modules:
        with suppress(Exception):  # reported when the agent is built
            importlib.import_module(module)
    try:
        _, (config, early) = messages.recv()
    except (EOFError, OSError):
        return
    work(opened, config, messages, early)


def work(opened: socket.socket, config: Config, messages: Connection, early: bool) -> None:  # noqa: FBT001
    """Serve until the supervisor stops this worker, or has ended."""
    set_debuggable(config.host.debuggable)
    start_logging(config)
    asked = config.health.port is not None
    config = evolve(config, health=evolve(config.health, port=None))  # the supervisor answers it
    front = Front(make_runtime(config), sip_path=config.sip.path)
    front.runtime.watched = asked
    worker = _Worker(messages, front.runtime)
    threading.Thread(target=worker.listen, name="agenthost-orders", daemon=True).start()
    if asked:
        threading.Thread(target=worker.tell, name="agenthost-condition", daemon=True).start()
    try:
        serve_front(
            opened, front, partial(installed_plan, config), worker.ready, early=early, commands=worker.reloading_with
        )
    except PlanError as refused:
        worker.send("refused", str(refused))


@define(eq=False)
class _Worker:
    """A worker's side of its connection to the supervisor."""

    messages: Connection
    runtime: Runtime
    _sending: threading.Lock = field(factory=threading.Lock)
    _reloading: tuple[Reloading, asyncio.AbstractEventLoop] | None = None

    def send(self, kind: str, content: object) -> None:
        """Send a message from any thread."""
        with self._sending:
            self.messages.send((kind, content))

    def ready(self, plan: HostPlan) -> None:
        """Report that the plan is served, with the modules of its agents."""
        offers = [agent.selected.offer for agent in plan.agents]
        modules = {offer.value.partition(":")[0].strip() for offer in offers if offer is not None}
        remember(self.runtime.config, plan)
        self.send("ready", (plan.report(), sorted(modules)))

    @contextmanager
    def reloading_with(self, reloading: Reloading) -> Iterator[None]:
        """Accept orders to reload during the block."""
        gc_freeze.freeze()
        self._reloading = reloading, asyncio.get_running_loop()
        yield
        self._reloading = None

    def tell(self) -> None:
        """Report the condition of this worker, even if its event loop is blocked."""
        with suppress(OSError):  # the supervisor has ended
            while True:
                self.send("condition", self.runtime.condition(details=True))
                time.sleep(_TOLD_EVERY)

    def listen(self) -> None:
        """Carry out orders.

        The worker ends with the supervisor, whose end closes the pipe.
        """
        try:
            while True:
                self._carry_out(*self.messages.recv())
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGTERM)

    def _carry_out(self, order: str, content: Any) -> None:
        match order:
            case "settled":
                self.runtime.settled = content
            case "reload":
                self.send("reloaded", self._reload(*content))
            case "leave":  # another worker has replaced this one
                self.runtime.watched = False
                os.kill(os.getpid(), signal.SIGTERM)

    def _reload(self, agent: str | None, config: Config) -> dict[str, Any] | AgentHostError:
        if self._reloading is None:
            return PlanError("the host is still starting; reload it when it serves.")
        reloading, loop = self._reloading
        config = evolve(config, health=evolve(config.health, port=None))
        try:
            return asyncio.run_coroutine_threadsafe(reloading.reload(agent, config), loop).result()
        except AgentHostError as error:
            return error
