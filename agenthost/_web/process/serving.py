"""Serving: a socket, uvicorn with uvloop and httptools, and the host behind them.

The port opens first. The agents are built on a thread next to the event loop, and served once the plan is made.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost._host.calls.stray_work import run_on
from agenthost._host.operations.control_socket import controlled, socket_path
from agenthost._host.packages.guarded_run import without_collections
from agenthost._host.runtime import gc_freeze
from agenthost._host.runtime.background_thread import in_background_thread
from agenthost._host.runtime.condition import Phase
from agenthost._host.runtime.start import accepted, make_runtime
from agenthost._host.telemetry.tracing import traced
from agenthost._web import at_once as at_once  # noqa: PLC0414 - imports what a front would import at its first use
from agenthost._web.front import Front
from agenthost._web.process.connections import Server, protocol_for, uvicorn_config
from agenthost._web.process.health_port import health_port
from agenthost._web.process.ports import listen_for_health, port_of
from agenthost._web.process.reload import Reloading
from agenthost._web.process.reload_report import logged, on_hangup
from agenthost._web.request.rules import InForce
from agenthost._web.tracing import with_spans

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import FrameType

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.condition import Condition
    from agenthost._web.older.keeping import Keeping

__all__ = ["serve_front", "serve_on"]

Commands: TypeAlias = "Callable[[Reloading], AbstractContextManager[None]]"
"""Accepts commands during the block, for the given value to carry out."""

_log = logging.getLogger("agenthost.web")

_CLOSING = 5.0
"""Timeout of the end of plugins' lifespans, and of an interrupted start, in seconds."""
_ENDING = 1.0
"""Timeout of cancelled tasks, in seconds."""
_SAME_SIGNAL = 0.5
"""Seconds in which several signals count as one: a process may get it from its group and from its parent."""
_HEARD_OUT = 0.3
"""Seconds that an idle connection is kept open after the port has closed."""
_TICK = 0.1
"""Seconds between checks for an immediate end."""
_MOST_NAMED = 10
"""The most requests in flight in a log line."""


def serve_on(
    opened: socket.socket,
    config: Config,
    make: Callable[[], HostPlan],
    ready: Callable[[HostPlan], None],
    *,
    early: bool = True,
) -> None:
    """Serve on an open port until SIGTERM or SIGINT.

    ``make`` makes the plan; called on a thread next to the event loop. ``early`` is True if requests are answered while
    the plan is made, with 503 but for ``/live``; otherwise none is taken before.

    Raises:
        PlanError: ``make`` refuses.
    """

    @contextmanager
    def commands(reloading: Reloading) -> Iterator[None]:
        gc_freeze.freeze()
        answer = logged(reloading.answer, front.runtime.metrics.reloaded)
        on_hangup(answer)
        with controlled(socket_path(config, port_of(opened)), answer):
            yield

    def made() -> HostPlan:
        with without_collections():
            plan = make()
            gc_freeze.freeze()  # before a collection visits each of a thousand agents
        return plan

    front = Front(make_runtime(config), sip_path=config.sip.path)
    serve_front(opened, front, made, ready, early=early, commands=commands)


def serve_front(
    opened: socket.socket,
    front: Front,
    make: Callable[[], HostPlan],
    ready: Callable[[HostPlan], None],
    *,
    early: bool = True,
    commands: Commands = lambda _: nullcontext(),
    closed: Callable[[], object] = lambda: None,
    keeping: Keeping | None = None,
) -> None:
    """Serve an existing front, see ``serve_on``.

    ``closed`` is called when the port is closed, while requests in flight are finished. ``keeping`` lets other
    processes answer for calls of their generation, and this one for calls of its own; None if there are no others.
    """
    runtime = front.runtime
    runtime.phase = Phase.STARTING  # nothing has been opened yet, even if a program has published a plan
    config = runtime.config
    rules = InForce(lambda: runtime.settings)
    server = _Server(uvicorn_config(front, protocol_for(rules)))
    server.closed = closed
    front.keep_logins(config.host.state_dir)

    async def host(begun: asyncio.Event, ended: asyncio.Event) -> None:
        """Open the host, and close it in the same task once the server has ended."""
        try:
            accept = partial(accepted, config)
            made = await in_background_thread(lambda: accept(front.assemble(make())))
            beside = keeping.opened(server) if keeping is not None else nullcontext()
            async with front.opened(made, accept) as plan, beside:
                ready(plan)
                begun.set()
                with commands(Reloading(front)):
                    await ended.wait()
        except Exception as problem:  # noqa: BLE001 - raised again by the caller of the server
            server.stop(problem)
            begun.set()

    def draining() -> float:
        """Announce the end, and return the grace in seconds for clients of ``/ready``."""
        runtime.drain()
        server.close_within(runtime.config.host.drain_timeout)
        return runtime.config.host.drain_grace if runtime.watched and not runtime.replaced else 0.0

    def condition(path: str, details: bool) -> Condition:  # noqa: FBT001 - the signature of Ask
        runtime.watched = runtime.watched or path == "/ready"
        return runtime.condition(details)

    with traced(config), health_port(listen_for_health(config), condition, rules):
        app = with_spans(front)
        server.config.app = keeping.around(app) if keeping is not None else app
        server.serve_host(opened, host, lambda: runtime.published is None, draining, runtime.strays.exited, early=early)


class _Server(Server):
    """uvicorn's server, with the host's own start and end."""

    _problem: BaseException | None = None
    _left_behind = 0
    _told_to_stop: float | None = None
    _at_once = False
    closed: Callable[[], object]

    def stop(self, problem: BaseException) -> None:
        """Stop, and raise ``problem`` from ``serve_host``."""
        self._problem = problem
        self.should_exit = True

    def serve_host(
        self,
        opened: socket.socket,
        host: Callable[[asyncio.Event, asyncio.Event], Coroutine[None, None, None]],
        starting: Callable[[], bool],
        draining: Callable[[], float],
        exited: Callable[[BaseException], object],
        *,
        early: bool,
    ) -> None:
        """Serve until a signal, and return once everything in flight is answered.

        SIGTERM allows time for clients of ``/ready`` to switch to other hosts while the port is open. SIGINT does not,
        and a second signal waits for nothing. uvicorn raises a captured signal again when it has finished, which this
        server has noted already, so that it is a normal end. A signal before uvicorn has begun counts, too. A process
        that has not accepted a request yet ends at once. Only signals end it: callbacks of the event loop that raise
        ``SystemExit`` or ``KeyboardInterrupt`` are passed to ``exited``.
        """
        self._draining = draining
        _on_signals(self.handle_exit if early else signal.SIG_DFL)
        self.config.load()

        async def main() -> None:
            begun, ended = asyncio.Event(), asyncio.Event()
            hosting = asyncio.create_task(host(begun, ended))
            if not early:
                await begun.wait()
                _on_signals(self.handle_exit)
            if self._problem is None:
                await self.serve([opened])
            ended.set()
            if starting():
                hosting.cancel()
            await asyncio.wait([hosting], timeout=_CLOSING)
            self._left_behind = await _end_tasks()

        runner = asyncio.Runner(loop_factory=self.config.get_loop_factory())
        try:
            run_on(runner.get_loop(), main(), exited)
        finally:
            if not self._left_behind:  # otherwise asyncio.run would wait for them
                with suppress(SystemExit, KeyboardInterrupt):  # raised by an author's remaining callbacks
                    runner.close()
        if self._problem is not None:
            raise self._problem

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop.

        A second signal ends the host at once.
        """
        now = time.monotonic()
        if self._told_to_stop is None:
            self._told_to_stop = now
            self._at_once = sig == signal.SIGINT
            super().handle_exit(sig, frame)
        elif now - self._told_to_stop > _SAME_SIGNAL:
            self._at_once = self.force_exit = True
        elif sig == signal.SIGINT:  # the supervisor's SIGTERM came before the terminal's signal
            self._at_once = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        seconds = self._draining()
        await self._give_notice(0.0 if self._at_once else seconds)
        for server in self.servers:
            server.close()
        self.closed()
        await self._finish_requests()
        self._log_in_flight()
        await super().shutdown(sockets)

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """The tasks of requests in progress, which the end of the server waits for."""
        return self.server_state.tasks

    async def stop_accepting(self) -> None:
        """Close the port, and each connection after its answer."""
        await self._announce_the_end()
        for server in self.servers:
            server.close()
        self.closed()
        await self._finish_requests()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    async def _give_notice(self, seconds: float) -> None:
        """Serve on, and close each connection after its answer.

        Meanwhile, ``/ready`` answers 503.
        """
        if seconds:
            _log.info("stopping: not ready, requests are accepted for another %g s", seconds)
        await self._announce_the_end()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._at_once:
            await self.on_tick(0)
            await asyncio.sleep(_TICK)

    async def _announce_the_end(self) -> None:
        """Announce the end of the connection in each answer from now on."""
        self.config.encoded_headers.append((b"connection", b"close"))
        await self.on_tick(0)  # when uvicorn takes changed headers

    async def _finish_requests(self) -> None:
        """Wait for requests in transit on accepted connections."""
        until = time.monotonic() + _HEARD_OUT
        while None in self._under_way() and time.monotonic() < until and not self.force_exit:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_HEARD_OUT / 10)

    def _log_in_flight(self) -> None:
        if waited_for := in_flight(cycle.scope for cycle in self._under_way() if cycle is not None):
            _log.info("stopping: %s", waited_for)

    def _under_way(self) -> list[RequestResponseCycle | None]:
        """Return the unanswered request of each connection, or None."""
        cycles = (getattr(connection, "cycle", None) for connection in self.server_state.connections)
        return [cycle if cycle is not None and not cycle.response_complete else None for cycle in cycles]


def in_flight(scopes: Iterable[Mapping[str, Any]]) -> str:
    """Return a line about requests in flight at the end, or an empty text.

    ``scopes`` are those of requests without an answer; ``running`` in one names a tool and its agent.
    """
    counted = Counter(
        "tool {} of {}".format(*scope["running"]) if "running" in scope else f"{scope['method']} {scope['path']}"
        for scope in scopes
    )
    shown = [f"{what} ({number})" if number > 1 else what for what, number in counted.most_common(_MOST_NAMED)]
    if len(counted) > _MOST_NAMED:
        shown.append("others")
    return f"{counted.total()} in flight: {', '.join(shown)}" if counted else ""


async def _end_tasks() -> int:
    """Cancel the remaining tasks, and return the number of those that ignore it."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    stubborn = (await asyncio.wait(running, timeout=_ENDING))[1] if running else ()
    for task in stubborn:
        _log.error("a task ignores its cancellation, and is abandoned: %r", task)
    return len(stubborn)


def _on_signals(action: signal.Handlers | Callable[..., None]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, action)
