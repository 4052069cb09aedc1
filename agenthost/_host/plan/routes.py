"""Routes: allowed paths of agents, and the agent that a path reaches (wire.md, section 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.plan.agent_names import by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted

__all__ = ["ENDPOINTS", "KEPT", "SHARED", "RouteTable", "normalise", "route_problem", "timed_route_problems"]

ENDPOINTS = frozenset({"swaig", "post_prompt", "check_for_input", "debug_events", "mcp", "sip"})
"""Last segments that are served under an agent's route."""
KEPT = ("swaig", "post_prompt")
"""Endpoints with a token, whose requests stay with the agent that their call started with."""
RESERVED_FIRST = frozenset({"health", "ready", "live", "startup", "metrics", "sip", "v1", "-"})
"""First segments that belong to the host."""
RESERVED_LAST = frozenset({"swaig", "post_prompt", "check_for_input", "debug_events", "sip", "mcp"})
"""Last segments that belong to an agent's own endpoints."""
SHARED = "/live"
"""A path of the host that a program may give to an agent. The host still answers callers without credentials."""

_ROUTE = re.compile(r"(?:/[a-z0-9._-]{1,64}){1,4}")


def normalise(route: str) -> str:
    """Strip the trailing slash of a route."""
    return route[:-1] if len(route) > 1 and route.endswith("/") else route


def route_problem(route: str, *, program: bool = False) -> str | None:
    """Explain why an agent cannot be mounted at ``route``, or return None.

    With ``program``, a program puts the agent there. It may take ``SHARED``.
    """
    if route == "/":
        return None
    if not isinstance(route, str) or not _ROUTE.fullmatch(route):
        return f"route {route!r} is not a path of one to four segments of a-z, 0-9, '.', '_' and '-', such as '/sales'"
    segments = route[1:].split("/")
    if "." in segments or ".." in segments:
        return f"route {route!r} has a '.' or '..' segment"
    if segments[0] in RESERVED_FIRST and not (program and route == SHARED):
        return f"route {route!r} is reserved: /{segments[0]} belongs to the host"
    if segments[-1] in RESERVED_LAST:
        return f"route {route!r} is reserved: every agent has an endpoint called {segments[-1]}"
    return None


def _spellings(route: str, endpoint: str) -> tuple[str, ...]:
    """Return the paths of an endpoint, with and without a trailing slash."""
    path = normalise(f"{route.rstrip('/')}/{endpoint}")
    return (path,) if path == "/" else (path, f"{path}/")


def _asked_of(agent: Mounted) -> Iterator[tuple[bytes, tuple[str, Mounted, str]]]:
    """Yield the paths of an agent's document and tools, as ``RouteTable.asked`` has them."""
    for endpoint in ("", "swaig") if agent.route != SHARED else ():
        for path in _spellings(agent.route, endpoint):
            yield path.encode(), (path, agent, endpoint)


@frozen(slots=True)
class RouteTable:
    """Agents by route.

    The table is immutable, so that a new one replaces it in one assignment.
    """

    agents: Mapping[str, Mounted]
    asked: Mapping[bytes, tuple[str, Mounted, str]]
    """The most frequent requests, documents and tools, by the bytes of the path: that path, its agent and endpoint."""

    @classmethod
    def of(cls, agents: Iterable[Mounted]) -> RouteTable:
        """Make the table of agents with different routes."""
        table = {agent.route: agent for agent in agents}
        asked = {path: own for agent in table.values() for path, own in _asked_of(agent)}
        return cls(table, {path: own for path, own in asked.items() if table.get(normalise(own[0]), own[1]) is own[1]})

    def replacing(self, agent: Mounted) -> RouteTable:
        """Return the table with another agent at a route that it has."""
        now = {path: own for path, own in _asked_of(agent) if path in self.asked}
        return RouteTable({**self.agents, agent.route: agent}, {**self.asked, **now})

    def find(self, path: str) -> tuple[Mounted, str] | None:
        """Return the agent and endpoint of a path, where ``""`` is its document.

        ``path`` is compared exactly as it was sent, except for one trailing slash.
        """
        path = normalise(path)
        if agent := self.agents.get(path):
            return agent, ""
        route, _, endpoint = path.rpartition("/")
        agent = self.agents.get(route or "/")
        return (agent, endpoint) if agent and (endpoint in ENDPOINTS or endpoint in agent.routing) else None


def timed_route_problems(config: Config, agents: Iterable[Mounted]) -> Iterator[str]:
    """Yield warnings about timed routes that cannot have an effect."""
    served = by_name(agents)
    at_routes = {agent.route: agent for agent in served.values()}
    for path, route in config.routes.items():
        place = config.place("routes", path)
        if path in at_routes:
            key = at_routes[path].key
            yield f"{place}: agent {key!r} is at this route, so the hours have no effect. fix: move either"
        for key, name in (("to", route.to or ""), ("else", route.else_ or "")):
            if name not in served:
                where = config.place("routes", path, key)
                yield f"{where}: agent {name!r} is not served: callers get 404 then. fix: agenthost agents lists all"
