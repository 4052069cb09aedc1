"""Earlier plans: what calls in progress began with, for their time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import evolve

from agenthost._host.plan.routes import KEPT

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.published.published import Published

__all__ = ["EarlierPlans"]

_MOST = 4


class EarlierPlans:
    """Keeps the last few published plans, each for its time."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[float, Published], ...] = ()

    def keep(self, published: Published, seconds: float) -> None:
        """Keep what is published for a number of seconds from now."""
        self._kept = ((time.monotonic() + seconds, evolve(published, earlier={})), *self._kept)[:_MOST]

    def plans(self) -> list[HostPlan]:
        """Discard those whose time is over, and return the others."""
        now = time.monotonic()
        self._kept = tuple(item for item in self._kept if item[0] > now)
        return [kept.plan for _, kept in self._kept]

    def added_to(self, published: Published, served: frozenset[Mounted]) -> Published:
        """Add the earlier plans for tokens of agents that have changed since.

        ``served`` are the agents of the published plan.

        If an agent was rebuilt with the same document, its tokens lead to the new one, as the old ones cannot be
        distinguished.
        """
        editions = {(route, each.edition) for route, each in published.tokens.items()}
        gone = [
            (agent.route, kept)
            for _, kept in reversed(self._kept)  # the newest wins
            for agent in kept.plan.agents
            if agent not in served and (agent.route, kept.tokens[agent.route].edition) not in editions
        ]
        earlier = {
            (f"{route.rstrip('/')}/{endpoint}", kept.tokens[route].edition): kept
            for route, kept in gone
            for endpoint in KEPT
        }
        return evolve(published, earlier=earlier)
