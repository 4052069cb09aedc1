"""The tool caller: runs the code of agents, bounded in time and in number."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.calls.abandon import bounded, cancelled_here
from agenthost._host.calls.author_threads import Threads
from agenthost._host.calls.concurrency import Busy
from agenthost._host.calls.deadline import Deadline
from agenthost._host.calls.gate import BreakerOpen, Gates
from agenthost._host.config.limits import BUSY
from agenthost._host.telemetry.call_log import call_ended, log_later
from agenthost._host.telemetry.current_call import Owner, calling, running
from agenthost._host.telemetry.failures import Failures, new_error_id
from agenthost._host.telemetry.metrics import Metrics
from agenthost._host.telemetry.spans import mark_failed, span, tracing
from agenthost.errors import ArgumentsRefused
from agenthost.hosting import ToolCalled
from agenthost.results.tool_answer import ToolAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agenthost._host.calls.concurrency import Slots
    from agenthost._host.calls.gate import Gate
    from agenthost._host.calls.observers import Observers
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.telemetry.current_call import Kind
    from agenthost.hosting import Outcome
    from agenthost.tools.swaig import ToolRequest
    from agenthost.tools.tool import Tool

__all__ = ["BUSY", "REFUSED_TOKEN", "Attempt", "Busy", "ToolCaller"]

REFUSED_TOKEN = (
    "I'm sorry, the security token for this function is invalid or expired. "  # noqa: S105 - a sentence, no secret
    "I cannot execute this action."
)

_log = logging.getLogger("agenthost.tools")


@frozen(slots=True)
class Attempt:
    """The result of an author's function."""

    result: Any
    """Its return value; None when it failed."""
    error_id: str | None = None
    """The name of its failure in the log; None when it did not fail."""


class ToolCaller:
    """Runs the code of the agents of one host.

    An agent whose tools hang keeps only its own slots: a slot is given back when its thread or coroutine really ends,
    not when its caller has been answered.

    ``observers`` returns the observers of tool calls; None where there are none. ``held_up`` returns True while the
    event loop has to wait for threads that compute. ``note`` takes the owner, call and seconds of each tool call.
    """

    def __init__(
        self,
        metrics: Metrics | None = None,
        observers: Callable[[], Observers | None] = lambda: None,
        held_up: Callable[[], bool] = lambda: False,
        note: Callable[[Owner, str, float], object] = lambda *_: None,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._observers = observers
        self._held_up = held_up
        self._note = note
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop that alone runs this, while there is one."""
        self.failures = Failures(_log)
        self._threads = Threads()
        self.gates = Gates(self._metrics)
        self._left: set[asyncio.Task[object]] = set()

    def seconds(self, agent: Mounted, tool: Tool) -> float:
        """Return the seconds that one call of a tool may take."""
        return tool.timeout or agent.limits.tool_timeout

    async def answer(
        self,
        agent: Mounted,
        tool: Tool,
        request: ToolRequest,
        sibling: Callable[[str], str],
    ) -> ToolAnswer:
        """Run a tool and return its answer. Errors of the tool are never raised.

        ``sibling`` gives the key of the served agent of a name, for a call that is handed over.
        """
        gate = self.gates.of(agent)
        owner = gate.tool(tool.name)
        tried = False
        began = time.perf_counter()
        calling.set(request.call.id)
        try:
            tried = gate.breaker.open and gate.enter()
            run = partial(tool.call, request.arguments, request.call)
            seconds = tool.timeout or agent.limits.tool_timeout
            working = self._run(agent, gate, owner, run, seconds, on_loop=tool.on_loop)
            result = await (_in_span(working, owner, request.call.id) if tracing() else working)
            answer = ToolAnswer.of(result, sibling)
        except ArgumentsRefused as refused:
            gate.breaker.undecided(tried=tried)
            answer = ToolAnswer(str(refused), outcome="refused")
        except Busy:
            gate.breaker.undecided(tried=tried)
            answer = self._busy(agent, owner)
        except BreakerOpen as left:
            self._metrics.refused(owner)
            answer = _failed(agent, tool, left.error_id)
        except BaseException as error:  # noqa: BLE001 - what is not the agent's is raised again
            error_id = self._blamed(gate, owner, error, tried=tried)
            answer = _failed(agent, tool, error_id, "timeout" if isinstance(error, TimeoutError) else "failed")
        else:
            if tried or gate.breaker.in_a_row:
                gate.breaker.worked(tried=tried)
        self._ended(owner, request, began, answer)
        return answer

    def refused(self, agent: Mounted, request: ToolRequest) -> ToolAnswer:
        """Count a call without the token of its tool, and return the answer to it."""
        return self._not_run(agent, request, ToolAnswer(REFUSED_TOKEN, outcome="refused"))

    def busy(self, agent: Mounted, request: ToolRequest) -> ToolAnswer:
        """Count a call for which the agent had no room, and return its answer."""
        return self._not_run(agent, request, self._busy(agent, Owner(agent.key, "tool", request.function)))

    def unconfigured(self, agent: Mounted, request: ToolRequest, error_id: str) -> ToolAnswer:
        """Count a call for which the configuration failed, and return its answer."""
        return self._not_run(agent, request, _failed(agent, None, error_id))

    def cut_off(self, agent: Mounted, tool: Tool, request: ToolRequest, error: BaseException) -> ToolAnswer:
        """Log and count a call that the host cuts off, and return its answer."""
        error_id = self._failed(Owner(agent.key, "tool", tool.name), error)
        return self._not_run(agent, request, _failed(agent, tool, error_id))

    def _not_run(self, agent: Mounted, request: ToolRequest, answer: ToolAnswer) -> ToolAnswer:
        self._ended(Owner(agent.key, "tool", request.function), request, time.perf_counter(), answer)
        return answer

    def failed(self, agent: Mounted, kind: Kind, error: BaseException) -> str:
        """Log and count a failure of an agent, and return its id."""
        return self._failed(Owner(agent.key, kind), error)

    def _failed(self, owner: Owner, error: BaseException) -> str:
        error_id = new_error_id()
        mark_failed(error_id)
        self._metrics.failed(owner)
        self.failures.failed(owner, error, error_id, call=calling.get())
        return error_id

    def _ended(self, owner: Owner, request: ToolRequest, began: float, answer: ToolAnswer) -> None:
        """Count, log and report the end of a tool call to the observers."""
        seconds, outcome, error_id = time.perf_counter() - began, answer.outcome, answer.error_id
        self._metrics.tool_ended(owner, outcome, seconds)
        call_ended(owner, request.call.id, seconds, outcome, error_id)
        self._note(owner, request.call.id, seconds)
        observers = self._observers()
        if observers is not None:
            observers.tell(ToolCalled(owner.agent, owner.name, request.call.id, seconds, outcome, error_id))

    def _blamed(self, gate: Gate, owner: Owner, error: BaseException, *, tried: bool) -> str:
        """Log and count what an agent's code raised, and return the failure's id.

        Raises:
            BaseException: ``error``, where it is the end of our own task.
        """
        if cancelled_here(error):
            gate.breaker.undecided(tried=tried)
            raise error
        error_id = self._failed(owner, error)
        gate.failed(owner, error, error_id, tried=tried)
        return error_id

    def _busy(self, agent: Mounted, owner: Owner) -> ToolAnswer:
        """Log and count a call that was not started, and return the answer to it."""
        self._metrics.busy(owner)
        slots, limits = self.gates.of(agent).slots, agent.limits
        taken = limits.running - slots.free
        words = f"agent {agent.key} is busy: {taken} calls running, {slots.waiting} waiting; {owner.part} not started"
        log_later(_log, logging.WARNING, words, owner.fields)
        return ToolAnswer(limits.busy, outcome="busy")

    async def attempt(
        self,
        agent: Mounted,
        kind: Kind,
        function: Callable[[], Any],
        *,
        name: str = "",
        on_loop: bool = False,
        seconds: float | None = None,
    ) -> Attempt:
        """Run an author's function. Errors of the function are never raised.

        With ``on_loop``, it is a coroutine function and is called on the event loop; others run in a thread.
        ``seconds`` is the time that it may take, by default a tool's.

        Raises:
            Busy: it was not started.
        """
        gate = self.gates.of(agent)
        owner = gate.owner(kind, name)
        tried = False
        try:
            tried = gate.enter()
            seconds = seconds or agent.limits.tool_timeout
            result = await self._run(agent, gate, owner, function, seconds, on_loop=on_loop)
        except Busy:
            gate.breaker.undecided(tried=tried)
            raise
        except BreakerOpen as left:
            self._metrics.refused(owner)
            return Attempt(None, left.error_id)
        except BaseException as error:  # noqa: BLE001 - what is not the agent's is raised again
            error_id = self._blamed(gate, owner, error, tried=tried)
            return Attempt(None, error_id)
        if gate.failed_last == owner:
            gate.breaker.worked(tried=tried)
        else:
            gate.breaker.undecided(tried=tried)
        return Attempt(result)

    async def _run(
        self, agent: Mounted, gate: Gate, owner: Owner, function: Callable[[], Any], seconds: float, *, on_loop: bool
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
        run = _Run(owner, function, slots, self._left)
        try:
            if not on_loop and agent.isolation == "thread":  # a stand-in for other agents only waits for them
                ends = time.monotonic() + seconds
                result = await self._run_in_thread(gate, run, seconds)
                if not inspect.isawaitable(result):
                    return result
                run.function, seconds = partial(_itself, result), ends - time.monotonic()
            return await bounded(run.call(), seconds, run.leave, self.loop)
        finally:
            run.release()

    async def _run_in_thread(self, gate: Gate, run: _Run, seconds: float) -> Any:
        """Run a function in a thread.

        Threads that compute share the interpreter with the event loop, so each of them makes every request of every
        agent wait. While the loop is held up, an agent computes in one thread only, which leaves the processor to the
        loop: several threads of an agent would not be quicker together.
        """
        owner = run.owner
        turn = gate.turn(owner) if self._held_up() else None
        taken = False
        used = 0.0

        def work() -> Any:
            nonlocal used
            began = time.thread_time()
            try:
                return run.function()
            finally:
                used = time.thread_time() - began

        def thread_ended() -> None:
            gate.used(owner, used)
            run.release()

        token = running.set(owner)
        try:
            with Deadline(seconds):
                await asyncio.sleep(0)  # a call that is over already starts nothing
                if turn is not None:
                    await turn.take()
                    taken = True
                run.hold()
                return await self._threads.run(work, thread_ended, last=taken)
        finally:
            running.reset(token)
            if turn is not None and taken:
                turn.give_back()


class _Run:
    """One run of an author's function, with its slot until its work has ended."""

    __slots__ = ("_holders", "_left", "_slots", "function", "owner")

    def __init__(self, owner: Owner, function: Callable[[], Any], slots: Slots, left: set[asyncio.Task[Any]]) -> None:
        self.owner = owner
        self.function = function
        self._slots = slots
        self._left = left
        self._holders = 1

    async def call(self) -> Any:
        owner = self.owner  # the watchdog reads it here
        running.set(owner)
        result = self.function()
        return await result if type(result) is CoroutineType or inspect.isawaitable(result) else result

    def hold(self) -> None:
        self._holders += 1

    def release(self) -> None:
        self._holders -= 1
        if not self._holders:
            self._slots.give_back()

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Let a task that ignores its cancellation run on."""
        _log.warning(
            "%s ignores its deadline and goes on; its slot stays taken",
            self.owner,
            extra={"fields": self.owner.fields},
        )
        self.hold()
        self._left.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        self.release()


def _itself(result: Any) -> Any:
    return result


def _failed(agent: Mounted, tool: Tool | None, error_id: str, outcome: Outcome = "failed") -> ToolAnswer:
    """Return an answer with the fallback sentence of the tool, else of the agent."""
    fallback = tool.fallback if tool is not None else None
    return ToolAnswer(fallback or agent.fallback, outcome=outcome, error_id=error_id)


async def _in_span(working: Coroutine[Any, Any, Any], owner: Owner, call: str) -> Any:
    names = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": owner.name,
        "gen_ai.agent.name": owner.agent,
    }
    with span(f"execute_tool {owner.name}", names | {"gen_ai.conversation.id": call}):
        return await working
