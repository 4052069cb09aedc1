"""Running an agent's own code: bounded in time and in number, and every failure kept from everybody else."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import frozen

from agenthost._host.calls.abandon import bounded, cancelled_here
from agenthost._host.calls.author_threads import Threads
from agenthost._host.calls.concurrency import Busy
from agenthost._host.calls.deadline import Deadline
from agenthost._host.calls.gate import Gates, LeftAlone
from agenthost._host.config.limits import BUSY
from agenthost._host.telemetry.call_log import call_ended, say_later
from agenthost._host.telemetry.current_call import calling, running
from agenthost._host.telemetry.failures import Failures, new_error_id
from agenthost._host.telemetry.metrics import Metrics
from agenthost._host.telemetry.spans import span, tracing
from agenthost.errors import ArgumentsRefused
from agenthost.hosting import ToolCalled
from agenthost.tools.swaig import encode_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from agenthost._host.calls.concurrency import Slots
    from agenthost._host.calls.gate import Gate
    from agenthost._host.calls.observers import Observers
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.telemetry.current_call import Kind, Owner
    from agenthost.hosting import Outcome
    from agenthost.tools.swaig import ToolRequest
    from agenthost.tools.tool import Tool

__all__ = ["BUSY", "REFUSED_TOKEN", "Attempt", "Busy", "ToolCaller"]

REFUSED_TOKEN = (
    "I'm sorry, the security token for this function is invalid or expired. "  # noqa: S105 - a sentence, no secret
    "I cannot execute this action."
)

_log = logging.getLogger("agenthost.tools")
_encode = msgspec.json.Encoder().encode


@frozen(slots=True)
class Attempt:
    """What became of an author's function.

    Args:
        result: what it returned; None when it failed.
        error_id: by which the log names its failure; None when it did not fail.
    """

    result: Any
    error_id: str | None = None


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
        self.gates = Gates(self._metrics)
        self._left: set[asyncio.Task[object]] = set()

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
        gate = self.gates.of(agent)
        owner = gate.tool(tool.name)
        tried = False
        began = time.perf_counter()
        calling.set(request.call.id)
        try:
            tried = gate.breaker.open and gate.enter()
            run = partial(tool.call, request.arguments, request.call)
            seconds = self.seconds(agent, tool)
            working = self._run(agent, gate, owner, run, seconds, on_loop=tool.is_async)
            result = await (_in_span(working, owner, request.call.id) if tracing() else working)
            answer = encode_answer(result, resolve)
        except ArgumentsRefused as refused:
            gate.breaker.undecided(tried=tried)
            self._ended(owner, request, began, "refused")
            return _encode({"response": str(refused)})
        except Busy:
            gate.breaker.undecided(tried=tried)
            self._ended(owner, request, began, "busy")
            return self._busy(agent, owner)
        except LeftAlone as left:
            self._metrics.refused(owner)
            self._ended(owner, request, began, "failed", left.error_id)
            return _encode({"response": tool.fallback or agent.fallback, "error_id": left.error_id})
        except BaseException as error:  # noqa: BLE001 - what is not the agent's is raised again
            error_id = self._blamed(gate, owner, error, tried=tried)
            outcome: Outcome = "timeout" if isinstance(error, TimeoutError) else "failed"
            self._ended(owner, request, began, outcome, error_id)
            return _encode({"response": tool.fallback or agent.fallback, "error_id": error_id})
        if tried or gate.breaker.in_a_row:
            gate.breaker.worked(tried=tried)
        if worked is not None:
            worked(answer)
        self._ended(owner, request, began, "ok")
        return answer

    def refused(self, agent: Mounted, tool: str, request: ToolRequest) -> None:
        """Count a call that may not reach its tool."""
        self._ended(self.gates.of(agent).tool(tool), request, time.perf_counter(), "refused")

    def busy(self, agent: Mounted, tool: str, request: ToolRequest) -> bytes:
        """Count a call that never reached its tool because the agent can take no more; gives what is said instead."""
        owner = self.gates.of(agent).tool(tool)
        self._ended(owner, request, time.perf_counter(), "busy")
        return self._busy(agent, owner)

    def unconfigured(self, agent: Mounted, tool: str, request: ToolRequest, error_id: str) -> bytes:
        """Count a call that never reached its tool because the agent's configuration failed; gives what is said."""
        self._ended(self.gates.of(agent).tool(tool), request, time.perf_counter(), "failed", error_id)
        return _encode({"response": agent.fallback, "error_id": error_id})

    def cut_off(self, agent: Mounted, tool: Tool, request: ToolRequest, error: BaseException) -> bytes:
        """Log and count a call that the host ends before its tool has; gives what is said instead."""
        owner = self.gates.of(agent).tool(tool.name)
        error_id = self._failed(owner, error)
        self._ended(owner, request, time.perf_counter(), "failed", error_id)
        return _encode({"response": tool.fallback or agent.fallback, "error_id": error_id})

    def failed(self, agent: Mounted, kind: Kind, error: BaseException) -> str:
        """Log and count a failure of an agent; gives the id that the log and the caller's answer share."""
        return self._failed(self.gates.of(agent).owner(kind, ""), error)

    def _failed(self, owner: Owner, error: BaseException) -> str:
        error_id = new_error_id()
        self._metrics.failed(owner)
        self._failures.failed(owner, error, error_id, call=calling.get())
        return error_id

    def _ended(
        self, owner: Owner, request: ToolRequest, began: float, outcome: Outcome, error_id: str | None = None
    ) -> None:
        """Count, log and report to observers what became of a tool call."""
        seconds = time.perf_counter() - began
        self._metrics.tool_ended(owner, outcome, seconds)
        call_ended(owner, request.call.id, seconds, outcome, error_id)
        observers = self._observers()
        if observers is not None:
            observers.tell(ToolCalled(owner.agent, owner.name, request.call.id, seconds, outcome, error_id))

    def _blamed(self, gate: Gate, owner: Owner, error: BaseException, *, tried: bool) -> str:
        """Log, count and hold against an agent what its code raised; gives the failure's id.

        Raises:
            BaseException: ``error``, where it is no failure of the agent but the end of our own task.
        """
        if cancelled_here(error):
            gate.breaker.undecided(tried=tried)
            raise error
        error_id = self._failed(owner, error)
        gate.failed(owner, error, error_id, tried=tried)
        return error_id

    def _busy(self, agent: Mounted, owner: Owner) -> bytes:
        """Log and count a call that was not started; gives what is said instead of a tool's words."""
        self._metrics.busy(owner)
        slots, limits = self.gates.of(agent).slots, agent.limits
        taken = limits.running - slots.free
        words = f"agent {agent.key} is busy: {taken} calls running, {slots.waiting} waiting; {owner.part} not started"
        say_later(_log, logging.WARNING, words, owner.fields)
        return _encode({"response": limits.busy})

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
        """Run an author's function; never raises for what it does.

        Args:
            agent: the agent that it belongs to.
            kind: the kind of code that it is.
            function: what to call; an awaitable that it returns is awaited.
            name: its name among others of its kind.
            on_loop: whether it is a coroutine function, called on the event loop; others run in a thread.
            seconds: how long it may take; left out, a tool's time.

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
        except LeftAlone as left:
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
        ends = time.monotonic() + seconds
        try:
            if not on_loop and agent.isolation == "thread":  # what stands in for other agents only waits for them
                result = await self._run_in_thread(gate, run, seconds)
                if not inspect.isawaitable(result):
                    return result
                run.function, seconds = partial(_itself, result), ends - time.monotonic()
            return await bounded(run.call, seconds, run.leave, self.loop)
        finally:
            run.release()

    async def _run_in_thread(self, gate: Gate, run: _Run, seconds: float) -> Any:
        """Run a function in a thread.

        Threads that compute take turns with the event loop at the interpreter, so that each makes every request of
        every agent wait. While the loop is held up, an agent computes in one thread, which leaves the processor to the
        loop: together its threads are no quicker.
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
    """One run of an author's function, which has a slot until neither its call, its thread nor its task goes on."""

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
        """Let a task run on that ignores its cancellation."""
        _log.warning(
            "%s takes no notice of its deadline and goes on; its slot stays taken",
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


async def _in_span(working: Coroutine[Any, Any, Any], owner: Owner, call: str) -> Any:
    names = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": owner.name,
        "gen_ai.agent.name": owner.agent,
    }
    with span(f"execute_tool {owner.name}", names | {"gen_ai.conversation.id": call}):
        return await working
