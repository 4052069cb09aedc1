"""Running an agent's own code: bounded in time and in number, and every failure kept from everybody else."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import msgspec
from attrs import frozen

from agenthost._host.calls.abandon import until
from agenthost._host.calls.author_threads import Threads
from agenthost._host.calls.circuit_breaker import Breaker
from agenthost._host.calls.concurrency import Busy, Slots
from agenthost._host.calls.deadline import Deadline
from agenthost._host.config.limits import BUSY
from agenthost._host.telemetry.call_log import call_ended, say_later
from agenthost._host.telemetry.current_call import Author, calling, running
from agenthost._host.telemetry.failures import Failures, new_error_id
from agenthost._host.telemetry.metrics import Metrics
from agenthost._host.telemetry.spans import span, tracing
from agenthost.errors import ArgumentsRefused, StateUnavailable
from agenthost.hosting import ToolCalled
from agenthost.tools.swaig import encode_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agenthost._host.calls.observers import Observers
    from agenthost._host.packages.stages import Mounted
    from agenthost.hosting import Outcome
    from agenthost.tools.swaig import ToolRequest
    from agenthost.tools.tool import Tool

__all__ = ["BUSY", "REFUSED_TOKEN", "Attempt", "Busy", "LeftAlone", "ToolCaller"]

REFUSED_TOKEN = (
    "I'm sorry, the security token for this function is invalid or expired. "  # noqa: S105 - a sentence, no secret
    "I cannot execute this action."
)

_COMPUTES = 0.02
"""Seconds of CPU in a thread from which on a call counts as computing."""
_log = logging.getLogger("agenthost.tools")
_encode = msgspec.json.Encoder().encode


class LeftAlone(Exception):  # noqa: N818 - a state, not an error
    """An agent's breaker is open: its code is not run.

    Args:
        error_id: the id of the failure that keeps it open.
    """

    def __init__(self, error_id: str) -> None:
        super().__init__(error_id)
        self.error_id = error_id


@frozen(slots=True)
class Attempt:
    """What became of an author's function.

    Args:
        result: what it returned; None when it failed.
        error_id: by which the log names its failure; None when it did not fail.
    """

    result: Any
    error_id: str | None = None


class Gate:
    """What stands between one agent and its callers.

    Args:
        agent: the agent.
        changed: told when its breaker opens, with the reason, and with None when it closes.
    """

    __slots__ = ("_authors", "_computing", "_turn", "breaker", "failed_last", "slots")

    def __init__(self, agent: Mounted, changed: Callable[[str | None], object]) -> None:
        limits = agent.limits
        self._authors: dict[str, Author] = {}
        self.failed_last = ""
        """The part of the agent that failed last; a tool that works proves the agent, any other part but itself."""
        self._computing: set[str] = set()
        self._turn = Slots(1)
        self.slots = Slots(limits.running, limits.queued)
        self.breaker = Breaker(limits.breaker_failures, limits.breaker_open, changed)

    def author(self, agent: Mounted, what: str) -> Author:
        """Whose code a part of the agent is; made once for each."""
        author = self._authors.get(what)
        if author is None:
            author = self._authors[what] = Author(agent.key, what)
        return author

    def used(self, what: str, seconds: float) -> None:
        """Take notice of how many seconds of CPU a part of the agent has used in a thread."""
        if seconds >= _COMPUTES:
            self._computing.add(what)
        else:
            self._computing.discard(what)

    def turn(self, what: str) -> Slots | None:
        """The one turn that parts of the agent share which compute; None for any other part."""
        return self._turn if what in self._computing else None

    def enter(self) -> bool:
        """Whether the caller that comes now is the one that tries an agent whose breaker is open.

        Raises:
            LeftAlone: the breaker is open.
        """
        if not self.breaker.open:
            return False
        if not self.breaker.try_one():
            raise LeftAlone(self.breaker.id)
        return True

    def failed(self, what: str, error: BaseException, error_id: str, *, tried: bool) -> None:
        """Let the breaker know that a call has failed, unless what failed is the store, which has a breaker itself."""
        if isinstance(error, StateUnavailable):
            self.breaker.undecided(tried=tried)
        else:
            self.failed_last = what
            self.breaker.failed(error_id, tried=tried)


class ToolCaller:
    """Runs the code of the agents of one host.

    An agent whose tools hang keeps only its own slots: a slot is given back when its thread or coroutine really ends,
    not when its caller has been answered.

    Args:
        metrics: where failures are counted.
        observers: gives those who are told of calls; None where nobody is.
        held_up: whether the event loop has to wait for threads that compute.
    """

    def __init__(
        self,
        metrics: Metrics | None = None,
        observers: Callable[[], Observers | None] = lambda: None,
        held_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._observers = observers
        self._held_up = held_up
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop that alone runs this, while there is one."""
        self._failures = Failures(_log)
        self._threads = Threads()
        self._gates: WeakKeyDictionary[Mounted, Gate] = WeakKeyDictionary()
        self._left: set[asyncio.Task[object]] = set()
        self._breaking = threading.Lock()
        self._gone: Callable[[Mounted], bool] = lambda _: False
        self.broken: frozenset[Mounted] = frozenset()
        """The agents that are served and whose breaker is open."""

    def seconds(self, agent: Mounted, tool: Tool) -> float:
        """How many seconds one call of a tool may take."""
        return tool.timeout or agent.limits.tool_timeout

    async def answer(
        self,
        agent: Mounted,
        tool: Tool,
        request: ToolRequest,
        resolve: Callable[[str], str],
        worked: Callable[[bytes], object] | None = None,
    ) -> bytes:
        """Run ``tool`` and encode what it says; never raises for what the tool does.

        Args:
            agent: whose tool it is.
            tool: the tool.
            request: the call.
            resolve: gives the public URL of a sibling agent.
            worked: told the answer when it is the tool's own.
        """
        what = tool.title
        gate = self._gate(agent)
        tried = False
        began = time.perf_counter()
        calling.set(request.call.id)
        try:
            tried = gate.breaker.open and gate.enter()
            run = partial(tool.call, request.arguments, request.call)
            seconds = self.seconds(agent, tool)
            working = self._run(agent, gate, what, run, seconds, on_loop=tool.is_async)
            result = await (_in_span(working, agent.key, tool.name, request.call.id) if tracing() else working)
            answer = encode_answer(result, resolve)
        except ArgumentsRefused as refused:
            gate.breaker.undecided(tried=tried)
            self._ended(agent, tool.name, request, began, "refused")
            return _encode({"response": str(refused)})
        except Busy:
            gate.breaker.undecided(tried=tried)
            self._ended(agent, tool.name, request, began, "busy")
            return self.busy(agent, what)
        except LeftAlone as left:
            self._metrics.refused(agent.key, what)
            self._ended(agent, tool.name, request, began, "failed", left.error_id)
            return _encode({"response": tool.fallback or agent.fallback, "error_id": left.error_id})
        except BaseException as error:  # noqa: BLE001 - what is not the agent's is raised again
            error_id = self._blamed(agent, gate, what, error, tried=tried)
            outcome: Outcome = "timeout" if isinstance(error, TimeoutError) else "failed"
            self._ended(agent, tool.name, request, began, outcome, error_id)
            return _encode({"response": tool.fallback or agent.fallback, "error_id": error_id})
        if tried or gate.breaker.in_a_row:
            gate.breaker.worked(tried=tried)
        if worked is not None:
            worked(answer)
        self._ended(agent, tool.name, request, began, "ok")
        return answer

    def not_run(
        self, agent: Mounted, tool: str, request: ToolRequest, outcome: Outcome, error_id: str | None = None
    ) -> None:
        """Count a call that never reached its tool, and tell observers of it."""
        self._ended(agent, tool, request, time.perf_counter(), outcome, error_id)

    def loads(self) -> dict[str, tuple[int, int]]:
        """By agent, how many calls of its own code run, and how many wait."""
        loads: dict[str, tuple[int, int]] = {}
        for agent, gate in list(self._gates.items()):
            running, waiting = loads.get(agent.key, (0, 0))
            running += agent.limits.running - gate.slots.free
            loads[agent.key] = running, waiting + gate.slots.waiting
        return loads

    def _ended(
        self,
        agent: Mounted,
        tool: str,
        request: ToolRequest,
        began: float,
        outcome: Outcome,
        error_id: str | None = None,
    ) -> None:
        """Count what became of a call, and tell those who want to know."""
        seconds = time.perf_counter() - began
        self._metrics.tool_ended(agent.key, tool, outcome, seconds)
        call_ended(agent.key, tool, request.call.id, seconds, outcome, error_id)
        observers = self._observers()
        if observers is not None:
            observers.tell(ToolCalled(agent.key, tool, request.call.id, seconds, outcome, error_id))

    def failed(self, agent: Mounted, what: str, error: BaseException) -> str:
        """Log and count a failure of an agent; gives the id that the log and the caller's answer share."""
        error_id = new_error_id()
        self._metrics.failed(agent.key, what)
        fields = {"agent": agent.key, "tool": what.removeprefix("tool "), "call": calling.get()}
        self._failures.failed(f"{what} of agent {agent.key} failed", error, error_id, fields)
        return error_id

    def _blamed(self, agent: Mounted, gate: Gate, what: str, error: BaseException, *, tried: bool) -> str:
        """Log, count and hold against an agent what its code raised; gives the failure's id.

        Raises:
            BaseException: ``error``, where it is no failure of the agent but the end of our own task.
        """
        if _ours(error):
            gate.breaker.undecided(tried=tried)
            raise error
        error_id = self.failed(agent, what, error)
        gate.failed(what, error, error_id, tried=tried)
        return error_id

    def busy(self, agent: Mounted, what: str) -> bytes:
        """What is said instead of a tool's words when an agent can take no more."""
        self._metrics.busy(agent.key, what)
        slots, limits = self._gate(agent).slots, agent.limits
        taken = limits.running - slots.free
        words = f"agent {agent.key} is busy: {taken} calls running, {slots.waiting} waiting; {what} not started"
        say_later(_log, logging.WARNING, words, {"agent": agent.key, "tool": what.removeprefix("tool ")})
        return _encode({"response": limits.busy})

    def blocked(self, agent: str, what: str, seconds: float) -> None:
        """Count a block of the event loop by an agent (``loop_watchdog.Listener``)."""
        for mounted, gate in list(self._gates.items()):
            if mounted.key == agent:
                error_id = new_error_id()
                _log.error(
                    "%s of agent %s blocked the event loop for %.2f s (%s)",
                    *(what, agent, seconds, error_id),
                    extra={"fields": {"agent": agent, "error_id": error_id, "duration": round(seconds, 6)}},
                )
                gate.breaker.blocked(error_id)

    def exited(self, agent: str, error_id: str) -> None:
        """Take notice of an agent that has stopped the event loop in order to end the process."""
        for mounted, gate in list(self._gates.items()):
            if mounted.key == agent:
                gate.breaker.exited(error_id)

    async def attempt(
        self,
        agent: Mounted,
        what: str,
        function: Callable[[], Any],
        *,
        on_loop: bool = False,
        seconds: float | None = None,
    ) -> Attempt:
        """Run an author's function; never raises for what it does.

        Args:
            agent: whose function it is.
            what: its name, for the log.
            function: what to call; an awaitable that it returns is awaited.
            on_loop: whether it is a coroutine function, called on the event loop; others run in a thread.
            seconds: how long it may take; left out, a tool's time.

        Raises:
            Busy: it was not started.
        """
        gate = self._gate(agent)
        tried = False
        try:
            tried = gate.enter()
            seconds = seconds or agent.limits.tool_timeout
            result = await self._run(agent, gate, what, function, seconds, on_loop=on_loop)
        except Busy:
            gate.breaker.undecided(tried=tried)
            raise
        except LeftAlone as left:
            self._metrics.refused(agent.key, what)
            return Attempt(None, left.error_id)
        except BaseException as error:  # noqa: BLE001 - what is not the agent's is raised again
            error_id = self._blamed(agent, gate, what, error, tried=tried)
            return Attempt(None, error_id)
        if gate.failed_last == what:
            gate.breaker.worked(tried=tried)
        else:
            gate.breaker.undecided(tried=tried)
        return Attempt(result)

    async def _run(
        self, agent: Mounted, gate: Gate, what: str, function: Callable[[], Any], seconds: float, *, on_loop: bool
    ) -> Any:
        """Run an author's function, bounded in time.

        Raises:
            Busy: the agent can take no more.
            TimeoutError: it did not end in time.
            BaseException: whatever it raises.
        """
        slots = gate.slots
        if not slots.take_now():
            await slots.take(agent.limits.queue_wait)
        if not on_loop and agent.isolation == "thread":  # what stands in for other agents only waits for them
            return await self._run_in_thread(agent, gate, what, function, seconds)
        token = running.set(gate.author(agent, what))
        deadline = Deadline(seconds, self.loop, at_once=False)
        try:
            with deadline:
                result = function()
                return await until(result if type(result) is CoroutineType else _awaited(result), deadline)
        finally:
            running.reset(token)
            if deadline.left is None:
                slots.give_back()
            else:
                self._leave(agent, what, deadline.left, slots)

    async def _run_in_thread(
        self, agent: Mounted, gate: Gate, what: str, function: Callable[[], Any], seconds: float
    ) -> Any:
        """The same for a function that runs in a thread; what it returns to be awaited runs on the loop.

        Threads that compute take turns with the event loop at the interpreter, so that each makes every request of
        every agent wait. While the loop is held up, an agent computes in one thread, which leaves the processor to the
        loop: together its threads are no quicker.
        """
        slots, deadline = gate.slots, Deadline(seconds, self.loop)
        turn = gate.turn(what) if self._held_up() else None
        taken: Slots | None = None
        in_thread = gone = False
        used = 0.0

        def run() -> Any:
            nonlocal used
            began = time.thread_time()
            try:
                return function()
            finally:
                used = time.thread_time() - began

        def thread_ended() -> None:
            nonlocal in_thread
            in_thread = False
            gate.used(what, used)
            if gone:
                slots.give_back()

        token = running.set(gate.author(agent, what))
        try:
            with deadline:
                await asyncio.sleep(0)  # a call that is over already starts nothing
                if turn is not None:
                    await turn.take()
                    taken = turn
                in_thread = True
                result = await self._threads.run(run, thread_ended, last=taken is not None)
                if not inspect.isawaitable(result):
                    return result
                return await until(result if type(result) is CoroutineType else _awaited(result), deadline)
        finally:
            running.reset(token)
            if taken is not None:
                taken.give_back()
            if deadline.left is not None:
                self._leave(agent, what, deadline.left, slots)
            elif in_thread:
                gone = True
            else:
                slots.give_back()

    def _leave(self, agent: Mounted, what: str, task: asyncio.Task[object], slots: Slots) -> None:
        """Let something run on that took no notice of its deadline; its slot is taken until it ends."""
        _log.warning(
            "%s of agent %s takes no notice of its deadline and goes on; its slot stays taken",
            *(what, agent.key),
            extra={"fields": {"agent": agent.key, "tool": what.removeprefix("tool ")}},
        )
        self._left.add(task)

        def ended(task: asyncio.Task[object]) -> None:
            self._left.discard(task)
            slots.give_back()

        task.add_done_callback(ended)

    def _gate(self, agent: Mounted) -> Gate:
        gate = self._gates.get(agent)
        if gate is None:
            gate = self._gates[agent] = Gate(agent, partial(self._changed, ref(agent)))
        return gate

    def forget(self, gone: Callable[[Mounted], bool]) -> None:
        """Let nobody be told from now on of the breakers of agents that are not served any more.

        Args:
            gone: whether an agent is not; calls may still go on with it.
        """
        with self._breaking:
            before, self._gone = self.broken, gone
            opened = (agent for agent, gate in list(self._gates.items()) if gate.breaker.open)
            self.broken = frozenset(agent for agent in opened if not gone(agent))
            for key in {agent.key for agent in before ^ self.broken}:
                self._metrics.breaker(key, is_open=any(agent.key == key for agent in self.broken))

    def _changed(self, weakly: ref[Mounted], reason: str | None) -> None:
        """Tell log and metrics of a breaker that opens, or closes."""
        agent = weakly()
        if agent is None:
            return
        with self._breaking:
            if not self._gone(agent):
                self._metrics.breaker(agent.key, is_open=reason is not None)
                self.broken = self.broken - {agent} if reason is None else self.broken | {agent}
        if reason is None:
            _log.warning("agent %s works again: its breaker is closed", agent.key)
        else:
            _log.error(
                "the breaker of agent %s opens: %s. Its callers hear its fallback; a call is tried every %g s",
                *(agent.key, reason, agent.limits.breaker_open),
            )


async def _in_span(working: Coroutine[Any, Any, Any], agent: str, tool: str, call: str) -> Any:
    names = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, "gen_ai.agent.name": agent}
    with span(f"execute_tool {tool}", names | {"gen_ai.conversation.id": call}):
        return await working


async def _awaited(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


def _ours(error: BaseException) -> bool:
    """Whether our own task was asked to end, rather than the author's code having raised something by itself."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # the loop has ended, and what is left of the task is being closed
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
