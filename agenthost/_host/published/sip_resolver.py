"""Resolution of calls: plugins first, each with a timeout, then the plan's routing."""

from __future__ import annotations

import asyncio
import inspect
import logging
from functools import partial
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.calls.author_threads import Threads
from agenthost._host.calls.concurrency import Busy, Slots
from agenthost._host.calls.deadline import Deadline
from agenthost.sip.uri import uri_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from agenthost._host.packages.stages import Functions
    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.sip.call import SipCall
    from agenthost.sip.resolving import Decision, Routing
    from agenthost.sip.uri import SipUri

__all__ = ["SipResolver"]

SECONDS = 0.25
"""Timeout of a plugin's function, in seconds."""
_AT_ONCE = 8
"""Concurrent calls of one plugin's synchronous function."""

_log = logging.getLogger("agenthost.sip")


@frozen(eq=False)
class _Function:
    """A plugin's ``resolve_sip``."""

    plugin: str
    function: Callable[..., object]
    on_loop: bool
    slots: Slots = field(factory=lambda: Slots(_AT_ONCE))

    @classmethod
    def of(cls, plugin: str, function: Callable[..., object]) -> _Function:
        return cls(plugin, function, inspect.iscoroutinefunction(function))


class SipResolver:
    """Decides which agent answers a call.

    ``functions`` are implementations of ``resolve_sip``, each with the key of its plugin.
    """

    def __init__(self, routing: Routing, functions: Functions, metrics: Metrics) -> None:
        self.routing = routing
        self._functions = tuple(_Function.of(*pair) for pair in functions)
        self._metrics = metrics
        self._threads = Threads()

    async def resolve(self, call: SipCall, moment: datetime | None = None) -> Decision:
        """Decide for one call.

        Neither a caller's data nor a plugin's failure raises.
        """
        uri = uri_of(call.to) if self._functions else None
        for each in self._functions if uri is not None else ():
            agent = await self._ask(each, uri, call)
            if agent is None:
                continue
            decision = self.routing.answered(agent, f"hook {each.plugin}", f"resolve_sip of {each.plugin}")
            if decision.missed is not None:
                _log.warning("resolve_sip of plugin %s names %.100r, which is not served", each.plugin, agent)
            return decision
        return self.routing.resolve(call, moment)

    async def _ask(self, each: _Function, uri: SipUri | None, call: SipCall) -> str | None:
        run = partial(each.function, uri=uri, call=call)
        try:
            with Deadline(SECONDS):
                answer = await self._run(each, run)
                if inspect.isawaitable(answer):
                    answer = await answer
            if answer is not None and not isinstance(answer, str):
                raise TypeError(f"it returned {type(answer).__name__}, not the name of an agent or None")  # noqa: TRY301
        except Busy:
            self._metrics.hook_failed(each.plugin, "resolve_sip")
            _log.error("resolve_sip of plugin %s is skipped: %d of its calls hang", each.plugin, _AT_ONCE)
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            self._metrics.hook_failed(each.plugin, "resolve_sip")
            _log.error("resolve_sip of plugin %s failed, and is skipped", each.plugin, exc_info=error)
        else:
            return answer
        return None

    async def _run(self, each: _Function, run: Callable[[], object]) -> object:
        if each.on_loop:
            return run()
        await each.slots.take(SECONDS / 4)
        try:
            await asyncio.sleep(0)
        except BaseException:
            each.slots.give_back()
            raise
        return await self._threads.run(run, each.slots.give_back)
