"""An agent in a process of its own, which runs the agent's code."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.calls.author_threads import Threads
from agenthost._host.calls.lifespans import Lifespan
from agenthost._host.calls.probe_calls import check_call
from agenthost._host.calls.stray_work import guarded
from agenthost._host.isolation.descriptions import describe_draft
from agenthost._host.isolation.frames import Frames, Message, Reader, framed
from agenthost._host.isolation.host_entries import HostEntries, asked
from agenthost._host.isolation.raised_error import error_fields
from agenthost._host.isolation.starving import memory_of
from agenthost._host.telemetry.current_call import Owner, calling, requesting, running
from agenthost._host.telemetry.failures import Failures, new_error_id
from agenthost.agent.base import declared, document_of, lifespan_of, runnable, serve_state
from agenthost.agent.per_call import configure, tool_of
from agenthost.health import HostVitals, outcome_of
from agenthost.results.tool_answer import ToolAnswer
from agenthost.secret import Secret
from agenthost.state import Stores
from agenthost.swml import Template
from agenthost.tools.swaig import Call
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from agenthost._host.telemetry.current_call import Kind
    from agenthost.agent.base import AgentBase
    from agenthost.health import Probe

__all__ = ["IsolatedAgent"]

_MOST_TICKETS = 256

_log = logging.getLogger("agenthost")


class IsolatedAgent:
    """An agent in a process of its own."""

    def __init__(self, agent: AgentBase, key: str, probes: Sequence[Probe]) -> None:
        self._agent = agent
        self._key = key
        self._probes = probes
        self._tools = {
            name: runnable(agent, tool) for name, tool in declared(agent).draft.tools.items() if isinstance(tool, Tool)
        }
        self._threads = Threads()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._tickets: dict[int, AgentBase] = {}
        self._last_ticket = 0
        self._lifespan: Lifespan | None = None
        self._ended = asyncio.Event()
        self._strays = Failures(_log)
        self._frames = Frames(self._receive, self._host_is_gone)
        self._entries = HostEntries(self._frames)
        vitals = HostVitals(self._entries.ping, lambda: 0.0, "", Secret(""))
        self._checks = [check_call(probe.check, vitals) for probe in probes]
        self._stores = Stores(self._entries)
        serve_state(agent, key, self._stores)

    async def serve(self, channel: socket.socket, reader: Reader) -> None:
        """Serve the requests of the host until it ends this process."""
        self._stores.serve()
        self._frames.resume(reader)
        channel.setblocking(False)  # noqa: FBT003 - the socket's own method
        loop = asyncio.get_running_loop()

        def stray(owner: Owner) -> None:
            loop.call_soon_threadsafe(self._send_stray, owner)

        with guarded(lambda _: self._owner("code", "code"), self._strays, stray):
            await loop.create_unix_connection(lambda: self._frames, sock=channel)
            await self._ended.wait()
            if self._running:
                await asyncio.wait(self._running.values())
            if self._lifespan is not None:
                self._lifespan.end()
                await asyncio.wait([self._lifespan.task])
        self._frames.close()
        await asyncio.sleep(0)

    def exited(self, error: BaseException) -> None:
        """Report a callback that has stopped the event loop, which has been run on."""
        wanted = isinstance(error, (SystemExit, KeyboardInterrupt))
        how = f"tried to end the process: {type(error).__name__}" if wanted else "stopped it"
        owner = self._owner("code", "a callback of the event loop")
        self._strays.failed(owner, error, new_error_id(), words=f"{{}} {how}")
        self._send_stray(owner)

    def _owner(self, kind: Kind, name: str = "") -> Owner:
        return Owner(self._key, kind, name)

    def _send_stray(self, owner: Owner) -> None:
        self._frames.send("stray", 0, [owner.kind, owner.name])

    def _host_is_gone(self) -> None:
        if not self._ended.is_set():
            os._exit(1)

    def _receive(self, message: Message) -> None:
        kind, number, content = message
        if kind == "do":
            self._frames.send("begun", number)
            task = asyncio.get_running_loop().create_task(self._do(number, *content))
            self._running[number] = task
        elif kind == "stored":
            self._entries.answered(number, content)
        elif kind == "cancel":
            if (running_task := self._running.get(number)) is not None:
                running_task.cancel()
        elif kind == "ping":
            self._frames.send("pong", number, memory_of("self"))
        elif kind == "drop":
            self._tickets.pop(number, None)
        elif kind == "end":
            self._ended.set()

    async def _do(self, number: int, request: str, operation: str, *arguments: Any) -> None:
        """Do one thing and send its result to the host.

        Errors of an author's code are never raised.
        """
        requesting.set(request)
        asked.set(number)
        try:
            done = framed("done", number, await getattr(self, f"_do_{operation}")(*arguments))
        except BaseException as error:  # noqa: BLE001 - SystemExit and all others
            done = framed("raised", number, error_fields(error))
        finally:
            self._running.pop(number, None)
        self._frames.send_framed(done)

    async def _run(self, owner: Owner, function: Callable[[], Any], *, on_loop: bool) -> Any:
        """Run an author's function as a host does.

        Coroutine functions run on the loop, others in a thread. The run has not ended before its thread has, however
        often it is cancelled.
        """
        running.set(owner)
        if on_loop:
            result = function()
        else:
            over = asyncio.Event()
            try:
                result = await self._threads.run(function, over.set)
            except asyncio.CancelledError:
                while not over.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await over.wait()
                raise
        return await result if inspect.isawaitable(result) else result

    async def _call(self, owner: Owner, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._run(owner, partial(function, *arguments), on_loop=inspect.iscoroutinefunction(function))

    async def _do_begin(self) -> None:
        make = lifespan_of(self._agent) or self._agent.lifespan
        self._lifespan = lifespan = Lifespan(self._owner("lifespan"), make, quiet=True)
        await lifespan.settled.wait()
        if (error := lifespan.error) is not None:
            raise error if isinstance(error, Exception) else RuntimeError(repr(error))

    async def _do_tool(
        self, ticket: int, name: str, arguments: dict[str, Any], body: dict[str, Any], group: str
    ) -> list[Any]:
        tool = self._tools.get(name)
        if ticket:
            tool = tool_of(self._agent, self._copy(ticket), name)
        if tool is None:
            raise LookupError(f"there is no tool {name!r}")
        call = Call.from_body(body, self._stores.within(group) if group else self._stores)
        calling.set(call.id)
        run = partial(tool.call, arguments, call)
        result = await self._run(self._owner("tool", name), run, on_loop=tool.on_loop)
        return ToolAnswer.of(result, str).to_plain()

    async def _do_configure(self, query: Any, body: Any, headers: Any) -> list[Any]:
        copy = await self._configured(query, body, headers)
        self._last_ticket += 1
        self._tickets[self._last_ticket] = copy
        if len(self._tickets) > _MOST_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        return [self._last_ticket, describe_draft(declared(copy).draft)]

    async def _do_document(self, query: Any, body: Any, headers: Any) -> Any:
        copy = await self._configured(query, body, headers)
        return msgspec.to_builtins(
            Template.seal(declared(copy).draft, partial(document_of, copy)), builtin_types=(bytes,)
        )

    async def _configured(self, query: Any, body: Any, headers: Any) -> AgentBase:
        run = partial(configure, self._agent, query, body, headers)
        copy: AgentBase = await self._run(self._owner("document"), run, on_loop=False)
        return copy

    def _copy(self, ticket: int) -> AgentBase:
        copy = self._tickets.get(ticket)
        if copy is None:
            raise LookupError("the configuration of this call is no longer in memory")
        return copy

    async def _do_summary(self, ticket: int, summary: Any, body: Any) -> bytes:
        target = self._copy(ticket) if ticket else self._agent
        said = await self._call(self._owner("summary"), target.on_summary, summary, body)
        return b"" if said is None else msgspec.json.encode(said)

    async def _do_routing(self, path: str, body: Any, headers: Any) -> str | None:
        callback = declared(self._agent).routing[path]
        route = await self._call(self._owner("routing callback", path), callback, body, headers)
        return route if isinstance(route, str) else None

    async def _do_debug(self, label: Any, event: Any) -> None:
        handler = declared(self._agent).debug_handler
        if handler is not None:
            await self._call(self._owner("debug event"), handler, label, event)

    async def _do_probe(self, index: int) -> list[Any]:
        probe = self._probes[index]
        check, on_loop = self._checks[index]
        outcome = outcome_of(await self._run(self._owner("probe", probe.name), check, on_loop=on_loop))
        return [outcome.ok, outcome.reason]
