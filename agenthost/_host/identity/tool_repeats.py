"""Repeated tool calls of the platform: they join the run whose answer did not arrive.

The platform repeats a request up to three times after a failure (wire.md, section 3). A call is ordinary as long as its
connection is open and it has not run for long: then it costs an entry in a dictionary. After that, it is registered, in
the store too where other processes may receive the repeat.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from attrs import define, field

from agenthost.errors import StateRefused, StateUnavailable
from agenthost.results.tool_answer import ToolAnswer
from agenthost.tools.swaig import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agenthost._host.calls.tool_caller import ToolCaller
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.runtime.runtime import Runtime
    from agenthost.state import Store
    from agenthost.tools.swaig import ToolRequest
    from agenthost.tools.tool import Tool

__all__ = ["ToolRepeats"]

SLOW = 2.0
"""Seconds after which a run is registered although its connection is open."""
KEPT = 120.0
"""Seconds that an answer without a receiver is kept."""
_TICK = 0.25
"""Seconds between two looks at the runs, and at those of other processes."""
_IDLE = 240
"""Looks without any run, after which other processes are not watched."""
_PATIENCE = 0.5
"""Seconds to wait for the store before a tool runs."""
_SPARE = 5.0
"""Seconds beyond a tool's own after which its run counts as lost, with its process."""
_BOARD = "runs"
"""The key of the registered runs of all processes: the ID and the end of each, by their calls."""
_encode = msgspec.json.Encoder(order="sorted").encode
_log = logging.getLogger("agenthost.tools")

Mark = tuple["Mounted", "Tool", "ToolRequest"]
"""A run: agent, tool and request."""


class Connection(Protocol):
    """The connection of a request."""

    @property
    def sender(self) -> str:
        """The key of the credentials, empty for those of the host or the agent."""

    def closed(self) -> bool:
        """Return True if the client has closed it."""


@define(eq=False)
class _Run:
    """A registered run of this process."""

    key: str
    until: float
    id: str = field(factory=lambda: secrets.token_hex(8))
    answered: asyncio.Event = field(factory=asyncio.Event)
    answer: ToolAnswer | None = None


class ToolRepeats:
    """The runs of tools whose requests the platform may repeat."""

    def __init__(self, runtime: Runtime, caller: ToolCaller) -> None:
        self._runtime = runtime
        self._caller = caller
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop with a timer for the next look at the runs, while there is one."""
        self.running: dict[Connection, Mark] = {}
        """The runs in progress. Each caller adds and removes its own; see ``watch`` and ``ended``."""
        self._looks: dict[Connection, int] = {}
        self.registered: dict[Connection, _Run] = {}
        """Those of them that repeats can join."""
        self._runs: dict[str, _Run] = {}
        self._elsewhere: dict[str, tuple[str, float]] = {}
        self._fresh = not self._shared
        self.wary = not self._fresh
        """True if a request may be a repeat, see ``earlier``."""
        self._idle = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def _shared(self) -> bool:
        """True if another process may receive a repeated request."""
        config = self._runtime.config
        return config.host.workers > 1 or config.state.url is not None

    def watch(self) -> None:
        """Look at the runs, until there are none."""
        self.loop = asyncio.get_running_loop()
        self._timer = self.loop.call_later(_TICK, self._look)

    async def close(self) -> None:
        """Look at no runs any more, and finish what is being stored."""
        if self._timer is not None:
            self._timer.cancel()
        self.loop = self._timer = None
        if self._writing:
            await asyncio.wait(tuple(self._writing), timeout=_PATIENCE)

    def ended(self, connection: Connection, mark: Mark, answer: ToolAnswer | None) -> None:
        """Note the end of a run that is registered, or whose connection has closed."""
        run = self.registered.pop(connection, None)
        arrived = not connection.closed()
        if run is None and not arrived:
            run = self._registered(connection, mark)
        if run is not None:
            run.answer = answer
            self._ended(run, kept=not arrived and answer is not None and answer.outcome == "ok")

    def _registered(self, connection: Connection, mark: Mark) -> _Run | None:
        """Register a run, unless its request cannot be recognised or another run has it."""
        agent, tool, _ = mark
        key = _key(*mark, connection)
        if key is None or key in self._runs:
            return None
        seconds = self._caller.seconds(agent, tool) + agent.limits.queue_wait + _SPARE
        run = self._runs[key] = _Run(key, time.time() + seconds)
        self.wary = True
        return run

    def _ended(self, run: _Run, *, kept: bool) -> None:
        """Note the end of a registered run.

        With ``kept``, nobody has received its answer.
        """
        run.until = time.time() + KEPT if kept else 0.0
        run.answered.set()
        if not kept:
            self._runs.pop(run.key, None)
        self._publish(run)

    async def earlier(
        self,
        agent: Mounted,
        tool: Tool,
        request: ToolRequest,
        sibling: Callable[[str], str],
        connection: Connection,
    ) -> ToolAnswer | None:
        """Return the answer of the run that a request repeats, if it does."""
        if not self._fresh:
            await self._refresh()
        key = _key(agent, tool, request, connection) if self._runs or self._elsewhere else None
        if key is None:
            return None
        if key in self._elsewhere:
            return await self._poll(*self._elsewhere[key], sibling)
        run = self._runs.get(key)
        if run is None:
            return None
        await run.answered.wait()
        if run.until and not connection.closed():  # the answer has a receiver now
            self._ended(run, kept=False)
        return run.answer

    async def _poll(self, run: str, until: float, sibling: Callable[[str], str]) -> ToolAnswer | None:
        """Wait for the answer of a run in another process."""
        try:
            while time.time() < until:
                stored = await self._store.get(run)
                if stored is not None:
                    return ToolAnswer.from_plain(stored[0]).located(sibling) if stored else None
                await asyncio.sleep(_TICK / 5)
        except (StateUnavailable, LookupError, TypeError, ValueError):
            _log.warning("the answer of a run in another process cannot be read, so its tool may run twice")
        return None

    @property
    def _store(self) -> Store:
        return self._runtime.state.serving().own("tool runs")

    def _look(self) -> None:
        """Register runs that are slow or whose connections have closed, until nothing runs."""
        now = time.time()
        self._looks = {connection: self._looks.get(connection, 0) + 1 for connection in self.running}
        for connection, looks in self._looks.items():
            if connection not in self.registered and (looks * _TICK >= SLOW or connection.closed()):
                run = self._registered(connection, self.running[connection])
                if run is not None:
                    self.registered[connection] = run
                    self._publish(run)
        self._runs = {key: run for key, run in self._runs.items() if run.until > now or not run.answered.is_set()}
        self._idle = 0 if self.running else self._idle + 1
        if self._shared:
            self._write(self._refresh())
        if self.loop is not None and (self.running or self._runs or (self._shared and self._idle < _IDLE)):
            self._timer = self.loop.call_later(_TICK, self._look)
        else:
            self.loop, self._fresh = None, not self._shared
        self.wary = bool(not self._fresh or self._runs or self._elsewhere)

    async def _refresh(self) -> None:
        """Read the registered runs of all processes."""
        board: dict[str, Any] = {}
        if self._shared:
            with suppress(StateUnavailable, TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    board = await self._store.get(_BOARD, {})
        now, own = time.time(), {run.id for run in self._runs.values()}
        self._elsewhere = {key: (run, until) for key, (run, until) in board.items() if until > now and run not in own}
        self._fresh = self.loop is not None or not self._shared
        self.wary = bool(not self._fresh or self._runs or self._elsewhere)

    def _publish(self, run: _Run) -> None:
        if self._shared:
            self._write(self._published(run))

    async def _published(self, run: _Run) -> None:
        """Store a registered run, and the answer of one that has ended."""

        def note(board: dict[str, Any]) -> dict[str, Any]:
            now = time.time()
            others = {key: entry for key, entry in board.items() if entry[1] > now and key != run.key}
            return {**others, run.key: [run.id, run.until]} if run.until > now else others

        with suppress(StateUnavailable, StateRefused):
            if run.answered.is_set():
                answer = run.answer
                await self._store.set(run.id, [answer.to_plain()] if answer is not None else [], ttl=KEPT)
            await self._store.update(_BOARD, note, {}, ttl=KEPT + max(0.0, run.until - time.time()))

    def _write(self, writing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(writing)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)


def _key(agent: Mounted, tool: Tool, request: ToolRequest, connection: Connection) -> str | None:
    """Return the same text for identical calls, or None for one that cannot be recognised."""
    if not request.call.id or isinstance(request.arguments, Unreadable):
        return None
    try:
        arguments = tool.arguments.canonical(request.arguments)
        asked = _encode([connection.sender, agent.key, request.call.id, tool.name, arguments])
    except Exception:  # noqa: BLE001 - arguments that the tool refuses
        return None
    return sha256(asked).hexdigest()
