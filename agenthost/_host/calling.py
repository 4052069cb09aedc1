"""Running one tool call: arguments checked, time bounded, and every failure turned into a sentence for the caller."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import secrets
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import anyio.to_thread
import msgspec
from anyio import CapacityLimiter

from agenthost._host.deadline import Deadline
from agenthost.errors import ArgumentsRefused
from agenthost.swaig import encode_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.plan import Mounted
    from agenthost.swaig import ToolRequest
    from agenthost.tools import Tool

__all__ = ["BUSY", "REFUSED_TOKEN", "ToolCaller"]

BUSY = "I'm handling a lot of requests right now. Please try again in a moment."
"""What a caller hears when an agent can take no more."""
REFUSED_TOKEN = (
    "I'm sorry, the security token for this function is invalid or expired. "  # noqa: S105 - a sentence, no secret
    "I cannot execute this action."
)
MOST_THREADS = 16
"""Synchronous tools of one agent that run at once."""

_log = logging.getLogger("agenthost.tools")
_encode = msgspec.json.Encoder().encode


class _Busy(Exception):  # noqa: N818 - a state, not an error
    """All threads of an agent are taken."""


class ToolCaller:
    """Runs tools for the agents of one host.

    An agent whose tools hang keeps only its own threads: a slot is given back when its thread really ends, not when
    its caller has been answered.

    Args:
        timeout: seconds that a tool may take.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._threads: WeakKeyDictionary[Mounted, int] = WeakKeyDictionary()
        self._unlimited: CapacityLimiter | None = None

    async def answer(self, agent: Mounted, tool: Tool, request: ToolRequest, resolve: Callable[[str], str]) -> bytes:
        """Run ``tool`` and encode what it says; never raises for what the tool does.

        Args:
            agent: whose tool it is.
            tool: the tool.
            request: the call.
            resolve: gives the public URL of a sibling agent.
        """
        try:
            with Deadline(self._timeout):
                if tool.is_async:
                    result = await tool.call(request.arguments, request.call)
                else:
                    result = await self._in_thread(agent, tool, request)
                    if inspect.isawaitable(result):
                        result = await result
            return encode_answer(result, resolve)
        except ArgumentsRefused as refused:
            return _encode({"response": str(refused)})
        except _Busy:
            _log.warning("agent %s is busy: %d tools running; tool %s not started", agent.key, MOST_THREADS, tool.name)
            return _encode({"response": BUSY})
        except BaseException as error:
            if isinstance(error, GeneratorExit) or _cancelled(error):
                raise
            return _failure(agent, tool, error)

    async def _in_thread(self, agent: Mounted, tool: Tool, request: ToolRequest) -> Any:
        running = self._threads.get(agent, 0)
        if running >= MOST_THREADS:
            raise _Busy
        self._threads[agent] = running + 1
        loop = asyncio.get_running_loop()
        if self._unlimited is None:
            self._unlimited = CapacityLimiter(math.inf)

        begun = threading.Lock()  # taken once: by the thread that begins, or by the call that ends before it does

        def work() -> tuple[Any, BaseException | None]:
            if not begun.acquire(blocking=False):
                return None, None
            try:
                return tool.call(request.arguments, request.call), None
            except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's task
                return None, error
            finally:
                loop.call_soon_threadsafe(self._release, agent)

        try:
            result, error = await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._unlimited)
        finally:
            if begun.acquire(blocking=False):
                self._release(agent)
        if error is not None:
            raise error
        return result

    def _release(self, agent: Mounted) -> None:
        self._threads[agent] -= 1


def _cancelled(error: BaseException) -> bool:
    """Whether our own task was asked to end, rather than a tool having raised CancelledError by itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _failure(agent: Mounted, tool: Tool, error: BaseException) -> bytes:
    """The agent's own sentence; the exception goes to the log, and both carry the same id."""
    error_id = f"e-{secrets.token_hex(6)}"
    _log.error("tool %s of agent %s failed (%s)", tool.name, agent.key, error_id, exc_info=error)
    return _encode({"response": tool.fallback or agent.fallback, "error_id": error_id})
