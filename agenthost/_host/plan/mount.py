"""Mounting: built agents become served ones, or quarantined ones with a reason.

Each agent gets its route. If two claim the same one, the configuration decides, else neither is served there. The
remaining agents are sealed.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import attrs
from attrs import frozen

from agenthost._discovery import AGENTS, Candidate
from agenthost._error_words import summary_of
from agenthost._host.config.place import key_path
from agenthost._host.generations.owners import PROGRAM
from agenthost._host.installer.environment import installer
from agenthost._host.packages.diagnosis import Diagnosis, diagnose
from agenthost._host.packages.stages import Mounted, PendingAgent, SetAside
from agenthost._host.plan.agent_names import by_name
from agenthost._host.plan.routes import normalise, route_problem
from agenthost._host.plan.workflow_members import (
    choice_of,
    circle_diagnosis,
    find_circle,
    members_first,
    members_of,
    no_members_diagnosis,
)
from agenthost.agent.base import AgentBase, declared, runnable, seal
from agenthost.errors import DefinitionError
from agenthost.health import probes_of
from agenthost.tools.tool import Tool
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agenthost._host.config.limits import Limits
    from agenthost._host.packages.stages import Built, Loaded

__all__ = ["Claim", "in_order", "mount", "mount_all", "quarantined_when_served", "wanted_route", "why_not_served"]


@frozen
class Claim:
    """A built agent, and the route that it gets unless it cannot be mounted."""

    route: str
    item: Built

    @property
    def key(self) -> str:
        """Its key on this host."""
        return self.item.key

    @property
    def full_key(self) -> str:
        """The key that no other installed package can change."""
        return self.item.selected.full_key

    @property
    def agent(self) -> AgentBase:
        """The agent itself."""
        return self.item.agent

    @property
    def name(self) -> str:
        """Its own name."""
        return declared(self.agent).name


def mount_all(loaded: Loaded, sip_path: str, limits: Limits) -> tuple[list[Mounted], list[SetAside]]:
    """Mount all agents that can be mounted.

    Returns:
        The agents in order of their routes, and all other items in order of keys.
    """
    set_aside = [SetAside(item.selected, item.state, item.diagnosis, item.route) for item in loaded.rejected]
    set_aside += [SetAside(item, item.left_out, route=item.config.route) for item in loaded.left_out]
    claims: dict[str, list[Built]] = {}
    holders = loaded.owners.installed(loaded.installed).routes
    for item in loaded.built:
        route = wanted_route(item)
        if problem := route_problem(route, program=item.selected.distribution == PROGRAM):
            remedy = f'[{key_path("agents", item.key)}] route = "/{_segment(item.key)}" in {_where(item)}'
            set_aside.append(_refused(item, route, "quarantined", Diagnosis(problem, remedy)))
        elif route == sip_path:
            remedy = f"choose another [sip] path, or another route for the agent, in {_where(item)}"
            reason = f"route {route!r} is used for SIP"
            set_aside.append(_refused(item, route, "conflict", Diagnosis(reason, remedy)))
        else:
            claims.setdefault(route, []).append(item)
    mounted: list[Mounted] = _pending(loaded, limits)
    held = {agent.route: agent.full_key for agent in mounted}
    unopposed: list[Claim] = []
    for route, items in sorted(claims.items(), key=_first_mounts_first):
        chosen = _chosen(items, holders.get(route)) if route not in held else None
        set_aside += [
            _refused(item, route, "conflict", _conflict(item, route, items, held.get(route) or holders.get(route)))
            for item in items
            if item is not chosen
        ]
        if chosen is not None:
            unopposed.append(Claim(route, chosen))
    why_not = partial(why_not_served, set_aside=set_aside)
    for claim in members_first(unopposed):
        outcome = mount(claim, mounted, unopposed, why_not, limits)
        (mounted if isinstance(outcome, Mounted) else set_aside).append(outcome)  # type: ignore[arg-type]
    return sorted(mounted, key=attrgetter("route")), in_order(set_aside)


def _pending(loaded: Loaded, limits: Limits) -> list[Mounted]:
    """Return the agents that are built later, at the routes that the lock file decides."""
    return [
        PendingAgent.of(item, locked, normalise(item.config.route or locked.route or "/"), limits)
        for item, locked in loaded.pending
    ]


def in_order(set_aside: Iterable[SetAside]) -> list[SetAside]:
    """Sort quarantined agents for lists."""
    return sorted(set_aside, key=attrgetter("key", "distribution", "version", "state"))


def quarantined_when_served(agent: Mounted, error: BaseException) -> SetAside:
    """Return a mounted agent that failed later as a quarantined one."""
    candidate = Candidate(AGENTS, agent.key, type(agent.agent).__module__, agent.distribution, agent.version, "")
    diagnosis = diagnose(error, candidate, agent.key)
    if agent.distribution == PROGRAM:  # nothing can be installed or switched off
        diagnosis = attrs.evolve(diagnosis, remedy="correct its lifespan. The log has the whole error")
    return SetAside(agent.selected, "quarantined", diagnosis, agent.route)


def wanted_route(item: Built) -> str:
    """Return the configured route, else the agent's own, else its entry point's name."""
    own = item.served.locked.route if isinstance(item.served, PendingAgent) else declared(item.agent).route
    route = item.config.route or own
    return normalise(route) if route is not None else f"/{item.key.rpartition(':')[2]}"


def why_not_served(name: str, set_aside: Iterable[SetAside]) -> str:
    """Explain why there is no agent with this name."""
    item = next((item for item in set_aside if name in (item.key, item.selected.full_key, item.route)), None)
    if item is None:
        return "no agent of this name is installed"
    if item.state == "elsewhere":
        return "host.agents leaves it to another host"
    return f"{item.state}: {item.diagnosis.reason}" if item.diagnosis is not None else item.state


def mount(
    claim: Claim,
    mounted: Iterable[Mounted],
    others: Iterable[Claim],
    why_not: Callable[[str], str],
    limits: Limits,
) -> Mounted | SetAside:
    """Mount an agent.

    A workflow gets its agents first.

    ``mounted`` are those that are mounted already; the agents of a workflow are among them. ``others`` are claims of
    the same plan.
    """
    route, item = claim.route, claim.item
    names = members_of(item.agent)
    if isinstance(item.agent, Workflow) and not declared(item.agent).sealed:
        way = find_circle(claim, {**{agent.key: agent for agent in mounted}, **{each.key: each for each in others}})
        if way:
            return _refused(item, route, "quarantined", circle_diagnosis(way))
        known = by_name(mounted)
        found = (known[name] for name in names if name in known)
        there = {agent.key: choice_of(agent.key, agent.agent) for agent in found}
        if names and not there:
            return _refused(item, route, "quarantined", no_members_diagnosis({name: why_not(name) for name in names}))
        try:
            item.agent.meet(tuple(there.values()))
        except Exception as error:  # noqa: BLE001 - an author's code
            reason = f"it cannot describe its agents: {summary_of(error)}"
            remedy = str(installer().upgrade(item.selected.distribution))
            return _refused(item, route, "quarantined", Diagnosis(reason, remedy))
    return _sealed(item, route, limits)


def _sealed(item: Built, route: str, limits: Limits) -> Mounted | SetAside:
    own = declared(item.agent)
    if item.served is not None and item.served.route == route:
        now = limits.for_agent(item.config, own.busy)
        return item.served if item.served.limits == now else attrs.evolve(item.served, limits=now)
    if own.sealed:
        reason = "this instance is already mounted elsewhere, and a second mount needs a class or a factory"
        remedy = f"let {item.selected.distribution} offer its class as the entry point, or remove the second mount"
        return _refused(item, route, "quarantined", Diagnosis(reason, remedy))
    try:
        found = own.own_process.probes if own.own_process is not None else probes_of(item.agent)
        probes = tuple(attrs.evolve(probe, agent=item.key) for probe in found)
        template = seal(item.agent)
    except DefinitionError as error:
        return _refused(item, route, "quarantined", diagnose(error, item.selected.candidate, item.key))
    return Mounted(
        item,
        route,
        template,
        {name: runnable(item.agent, tool) for name, tool in own.draft.tools.items() if isinstance(tool, Tool)},
        probes,
        limits.for_agent(item.config, own.busy),
    )


def _first_mounts_first(claim: tuple[str, Sequence[Built]]) -> tuple[bool, str]:
    """Sort second mounts last.

    So an agent that can be mounted only once gets the route of its package.
    """
    route, items = claim
    return all(item.selected.again for item in items), route


def _chosen(claims: Sequence[Built], holder: str | None) -> Built | None:
    """Return the agent that serves a route, or None if the configuration has to decide.

    ``holder`` is the full key of the agent that is installed and held it before.
    """
    served = [item for item in claims if item.served is not None]
    configured = [item for item in claims if item.config.route is not None]
    for chosen in (served, configured):
        if len(chosen) == 1:
            return chosen[0]
    if holder is not None:
        return next((item for item in claims if item.selected.full_key == holder), None)
    return claims[0] if len(claims) == 1 else None


def _conflict(item: Built, route: str, claims: Iterable[Built], holder: str | None) -> Diagnosis:
    others = " and ".join(
        sorted(f"{other.selected.candidate.package} ({other.key})" for other in claims if other is not item)
    )
    claimed = f"also claimed by {others}" if others else f"held by {holder}, which is not served"
    key = item.key
    free = f"/{_segment(key)}"
    elsewhere = free if free != route else f"{route if route != '/' else ''}/{_segment(item.selected.distribution)}"
    return Diagnosis(
        f"route {route!r} is {claimed}",
        f'choose in agenthost.toml: [{key_path("agents", key)}] route = "{elsewhere}" moves it, '
        f'route = "{route}" gives it the route',
    )


def _where(item: Built) -> str:
    """Return the file and line that set the route of an agent."""
    place = item.config.place if item.config.route is not None else None
    return "agenthost.toml" if place is None else place.at("route").in_file


def _segment(text: str) -> str:
    """Make a route segment from a key."""
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text.lower()).strip("-.") or "agent"
    )


def _refused(item: Built, route: str, state: str, diagnosis: Diagnosis) -> SetAside:
    return SetAside(item.selected, state, diagnosis, route)
