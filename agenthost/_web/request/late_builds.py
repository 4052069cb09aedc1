"""Late builds: at the first request of an agent, or in the background."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from agenthost._host.packages.guarded_run import without_collections
from agenthost._host.plan.load import build_agents
from agenthost._host.plan.workflow_members import members_of
from agenthost._host.runtime import gc_freeze
from agenthost._host.runtime.background_thread import in_background_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.selection import SelectedAgent
    from agenthost._host.packages.stages import Built, Mounted, Rejected
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.runtime.runtime import Runtime

__all__ = ["LateBuilds"]

_PAUSE = 2.0
"""Seconds after the start until agents are built in the background."""
_QUICK = 0.05
"""Seconds that the agents which are built in one go may take: a request for another one waits for them."""

_log = logging.getLogger("agenthost.build")


class LateBuilds:
    """The builds of one host after its start, one at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._one_at_a_time = asyncio.Lock()

    async def build(self, agent: Mounted) -> Mounted | None:
        """Build a pending agent, and return it as served, or None if it failed."""
        await self._build([agent])
        published = self._runtime.published
        found = published.table.agents.get(agent.route) if published is not None else None
        return found if found is not None and found.built_yet else None

    async def build_all(self) -> None:
        """Build every pending agent."""
        number, some = 1, False
        while pending := self._pending():
            began = time.monotonic()
            await self._build(pending[:number])
            some = True
            number = number * 2 if time.monotonic() - began < _QUICK else max(1, number // 2)
        if some:
            gc_freeze.freeze_new()

    @asynccontextmanager
    async def in_background(self) -> AsyncIterator[None]:
        """Build every pending agent during the block, after a pause."""
        if not self._pending():
            yield
            return
        building = asyncio.create_task(self._later())
        try:
            yield
        finally:
            building.cancel()
            with suppress(asyncio.CancelledError):
                await building

    async def _later(self) -> None:
        await asyncio.sleep(_PAUSE)
        await self.build_all()
        _log.info("every agent has been built")

    def _pending(self) -> Sequence[Mounted]:
        published = self._runtime.published
        return published.plan.pending if published is not None else ()

    async def _build(self, agents: Sequence[Mounted]) -> None:
        """Build agents, and serve them."""
        async with self._one_at_a_time:
            runtime, plan = self._runtime, self._runtime.wanted
            items = [agent.selected for agent in agents if plan is not None and agent in plan.agents]
            if plan is None or not items:  # another request was first, or a reload
                return
            built, failed = await in_background_thread(partial(_built, runtime.config, plan, items))
            new = await in_background_thread(partial(plan.with_late, built, failed))
            while (now := runtime.wanted) is not plan and now is not None:  # it was reloaded in between
                plan = now
                new = await in_background_thread(partial(plan.with_late, built, failed))
            for item in new.failed:
                if item not in plan.failed and item.diagnosis is not None:
                    said = item.diagnosis
                    _log.error("agent %s is quarantined: %s; fix: %s", item.key, said.reason, said.remedy)
            await runtime.begin(new)
            runtime.publish(new)


def _built(config: Config, plan: HostPlan, items: Sequence[SelectedAgent]) -> tuple[list[Built], list[Rejected]]:
    """Build agents, and the pending ones that they call."""
    with without_collections():
        adapters = plan.extensions.adapt_agent
        built, failed, _ = build_agents(config, items, adapters)
        while more := _called(plan, built, failed):
            also, also_failed, _ = build_agents(config, more, adapters)
            built, failed = [*built, *also], [*failed, *also_failed]
    return built, failed


def _called(plan: HostPlan, built: Sequence[Built], failed: Sequence[Rejected]) -> list[SelectedAgent]:
    """Return the pending agents that built ones call."""
    names = {name for item in built for name in members_of(item.agent)}
    done = {item.key for item in built} | {item.key for item in failed}
    return [
        agent.selected
        for agent in (plan.pending if names else ())
        if agent.key not in done and names & {agent.key, agent.full_key, agent.name, agent.route}
    ]
