"""Reload of a serving host, by ``agenthost reload`` and by SIGHUP."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from agenthost._host.access.open_calls import KEPT_SECONDS
from agenthost._host.runtime import gc_freeze
from agenthost._host.runtime.background_thread import in_background_thread
from agenthost._host.runtime.reload import ReloadResult, plan_again
from agenthost._host.runtime.start import read_again, remember, settings_of, start_logging
from agenthost._web.process.reload_report import report
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._web.front import Front

__all__ = ["Reloading"]

T = TypeVar("T")

_FEW, _SMALL_PART = 50, 0.05
"""Replaced agents, as a number and as a part of all, whose memory is worth a full collection, which callers feel."""


class Reloading:
    """Reloads of one front, one at a time."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._one_at_a_time = asyncio.Lock()
        self._replaced = 0
        """Agents whose memory may not be free yet, since they refer to themselves."""

    def answer(self, request: Mapping[str, Any], _tell: Callable[[str], object]) -> dict[str, Any]:
        """Carry out a command from another thread.

        See ``agenthost._host.operations.control_socket``.
        """
        agent = request.get("agent")
        config, restart = read_again(self._front.runtime.config)
        told = asyncio.run_coroutine_threadsafe(self.reload(agent, config), self._loop).result()
        waiting, _ = told.pop("process"), told.pop("only")
        return report({**told, "replaced": [], "restart": [*restart, *waiting]})

    async def reload(self, agent: str | None, config: Config, stale: tuple[str, ...] | None = None) -> dict[str, Any]:
        """Build changed agents while the others are served, and serve the result.

        ``agent`` is the key of the only agent to build again; None for all that have changed. ``config`` is the
        configuration, as ``read_again`` gave it. ``stale`` are distributions that differ from the imported ones; None
        finds those that were installed since.

        Returns:
            The result, as in ``agenthost reload --json``, and as ``only`` the key of the agent that has been replaced
            if everything else is as it was.

        Raises:
            AgentHostError: the new plan cannot be served, and the old one still is.
        """
        async with self._one_at_a_time:
            runtime = self._front.runtime
            if runtime.published is None:
                raise PlanError("the host is still starting. fix: reload it once it serves.")
            plan, before = runtime.published.plan, runtime.config
            done: ReloadResult = await _beside(lambda: plan_again(config, before, plan, agent, stale))
            await self._front.take_over(plan, done.plan)
            begun = await runtime.begin(done.plan)
            lost = [agent for agent in begun.failed if agent not in done.plan.failed and plan.find(agent.key)]
            if lost:
                runtime.publish(plan)
                raise PlanError("; ".join(f"{item.key}: {item.diagnosis.reason}" for item in lost if item.diagnosis))
            await _beside(lambda: self._serve(done))
            self._loop.call_later(KEPT_SECONDS + 1, self._forget)
            return done.report() | {"only": done.replaced.by.key if done.replaced is not None else None}

    def _serve(self, done: ReloadResult) -> None:
        start_logging(done.config)
        self._front.reload(done.plan, KEPT_SECONDS, settings_of(done.config), done.replaced)
        if done.replaced is None:  # else, everybody holds what they held
            remember(done.config, done.plan)
        self._replaced += len(done.changed) + len(done.removed)
        if self._replaced > max(_FEW, len(done.plan.agents) * _SMALL_PART):
            self._replaced = 0
            gc_freeze.freeze_again()
        else:
            gc_freeze.freeze_new()

    def _forget(self) -> None:
        forget = gc_freeze.unfelt(self._front.runtime.forget)
        threading.Thread(target=forget, name="agenthost-plan", daemon=True).start()


async def _beside(function: Callable[[], T]) -> T:
    """Run a function of any number of agents beside the event loop, unfelt by callers."""
    return await in_background_thread(gc_freeze.unfelt(function))
