"""Running an agent's own code: time bounded, and every failure kept from everybody else."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec
from attrs import frozen

from agenthost._host.deadline import Deadline
from agenthost._host.metrics import Metrics
from agenthost._host.slots import Busy, Slots
from agenthost._host.threads import Threads
from agenthost.errors import ArgumentsRefused
from agenthost.swaig import encode_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.plan import Mounted
    from agenthost.swaig import ToolRequest
    from agenthost.tools import Tool

__all__ = ["BUSY", "REFUSED_TOKEN", "Attempt", "Busy", "ToolCaller"]

BUSY = "I'm handling a lot of requests right now. Please try again in a moment."
"""What a caller hears when an agent can take no more."""
REFUSED_TOKEN = (
    "I'm sorry, the security token for this function is invalid or expired. "  # noqa: S105 - a sentence, no secret
    "I cannot execute this action."
)
MOST_THREADS = 16
"""Synchronous functions of one agent that run at once."""
PATIENCE = 0.03
"""Seconds that a tool call waits for one of them to end before its caller hears that the agent is busy."""

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
    """Runs tools for the agents of one host.

    An agent whose tools hang keeps only its own threads: a slot is given back when its thread really ends, not when
    its caller has been answered.

    Args:
        timeout: seconds that a tool may take.
        metrics: where failures are counted.
    """

    def __init__(self, timeout: float, metrics: Metrics | None = None) -> None:
        self._timeout = timeout
        self._metrics = metrics or Metrics()
        self._threads = Threads()
        self._slots: WeakKeyDictionary[Mounted, Slots] = WeakKeyDictionary()

    async def answer(self, agent: Mounted, tool: Tool, request: ToolRequest, resolve: Callable[[str], str]) -> bytes:
        """Run ``tool`` and encode what it says; never raises for what the tool does.

        Args:
            agent: whose tool it is.
            tool: the tool.
            request: the call.
            resolve: gives the public URL of a sibling agent.
        """
        try:
            run = partial(tool.call, request.arguments, request.call)
            result = await self.run(agent, run, on_loop=tool.is_async, patience=PATIENCE)
            return encode_answer(result, resolve)
        except ArgumentsRefused as refused:
            return _encode({"response": str(refused)})
        except Busy:
            return self.busy(agent, f"tool {tool.name}")
        except BaseException as error:
            if _ours(error):
                raise
            error_id = self.failed(agent, f"tool {tool.name}", error)
            return _encode({"response": tool.fallback or agent.fallback, "error_id": error_id})

    def failed(self, agent: Mounted, what: str, error: BaseException) -> str:
        """Log and count a failure of an agent; gives the id that the log and the caller's answer share."""
        error_id = f"e-{secrets.token_hex(6)}"
        self._metrics.failed(agent.key, what)
        _log.error("%s of agent %s failed (%s)", what, agent.key, error_id, exc_info=error)
        return error_id

    def busy(self, agent: Mounted, what: str) -> bytes:
        """What is said instead of a tool's words when an agent can take no more."""
        self._metrics.busy(agent.key, what)
        _log.warning("agent %s is busy: %d functions running; %s not started", agent.key, MOST_THREADS, what)
        return _encode({"response": BUSY})

    async def attempt(
        self,
        agent: Mounted,
        what: str,
        function: Callable[[], Any],
        *,
        on_loop: bool = False,
        seconds: float | None = None,
        patience: float | None = None,
    ) -> Attempt:
        """Run an author's function; never raises for what it does.

        Args:
            agent: whose function it is.
            what: its name, for the log.
            function: what to call.
            on_loop: see ``run``.
            seconds: see ``run``.
            patience: see ``run``.

        Raises:
            Busy: it was not started.
        """
        try:
            return Attempt(await self.run(agent, function, on_loop=on_loop, seconds=seconds, patience=patience))
        except Busy:
            raise
        except BaseException as error:
            if _ours(error):
                raise
            return Attempt(None, self.failed(agent, what, error))

    async def run(
        self,
        agent: Mounted,
        function: Callable[[], Any],
        *,
        on_loop: bool,
        seconds: float | None = None,
        patience: float | None = None,
    ) -> Any:
        """Run an author's function, bounded in time.

        Args:
            agent: whose function it is.
            function: what to call; an awaitable that it returns is awaited.
            on_loop: whether it is a coroutine function, called on the event loop; others run in a thread.
            seconds: how long it may take; left out, a tool's time.
            patience: how many seconds it waits for a thread; left out, half of that time.

        Raises:
            Busy: all threads of the agent are taken.
            TimeoutError: it did not end in time.
            BaseException: whatever it raises.
        """
        seconds = self._timeout if seconds is None else seconds
        if on_loop:
            with Deadline(seconds):
                result = function()
                return await result if inspect.isawaitable(result) else result
        slots = self._slots.get(agent)
        if slots is None:
            slots = self._slots[agent] = Slots(MOST_THREADS)
        await slots.take(seconds / 2 if patience is None else patience)
        with Deadline(seconds):
            result = await self._in_thread(slots, function)
            return await result if inspect.isawaitable(result) else result

    async def _in_thread(self, slots: Slots, function: Callable[[], Any]) -> Any:
        try:
            await asyncio.sleep(0)  # a call that is over already starts nothing
        except BaseException:
            slots.give_back()
            raise
        return await self._threads.run(function, slots.give_back)


def _ours(error: BaseException) -> bool:
    """Whether our own task was asked to end, rather than the author's code having raised something by itself."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # the loop has ended, and what is left of the task is being closed
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
