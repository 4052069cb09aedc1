"""Served plans as data, and the comparison of two of them.

A worker reports its plan to the supervisor, which compares it with the one that is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from agenthost._host.generations.owners import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.generations.manifest import Manifest

__all__ = ["READY", "PlannedAgent", "ServedPlan", "losses", "table"]

READY = "ready"
_FAILED = ("quarantined", "conflict")
_LISTS = (("tools", "tool"), ("sip", "SIP alias"))


@frozen
class PlannedAgent:
    """An agent of a plan."""

    full_key: str
    key: str
    state: str
    """``ready``, ``quarantined``, ``conflict``, ``disabled`` or ``elsewhere``."""
    package: str
    version: str = ""
    route: str | None = None
    tools: tuple[str, ...] = ()
    sip: tuple[str, ...] = ()
    reason: str = ""
    """The reason and the fix, if it is not served."""
    name: str = ""
    fallback: str = ""
    """The sentence for a caller when it fails."""


@frozen
class ServedPlan:
    """A plan that a process can serve."""

    report: Mapping[str, Any]
    """As in ``agenthost check --json``; empty after a reload."""
    agents: tuple[PlannedAgent, ...]
    failed_plugins: Mapping[str, str] = field(factory=dict)
    """By key of a quarantined plugin, the reason."""
    manifest: Manifest | None = None
    """The files that the process imported itself; None if its template process did."""

    def with_agent(self, agent: PlannedAgent) -> ServedPlan:
        """Return the plan with another version of an agent."""
        return evolve(self, agents=tuple(agent if each.full_key == agent.full_key else each for each in self.agents))

    @property
    def ready(self) -> dict[str, PlannedAgent]:
        """The served agents by their full keys."""
        return {agent.full_key: agent for agent in self.agents if agent.state == READY}


def losses(
    before: ServedPlan,
    after: ServedPlan,
    old: Config,
    new: Config,
    installed: Iterable[str],
    *,
    edited: bool = False,
) -> tuple[str, ...]:
    """Return sentences about what a new plan loses.

    It loses an agent that is served and would not be, unless its section, ``[workflows]`` or the whole distribution was
    removed; an agent's short key, if another one would have it; and what is quarantined, and was not before.

    ``old`` and ``new`` are the configurations of the plans. ``installed`` are the distributions of the new one. With
    ``edited``, an author has changed the packages, and only what is quarantined counts.
    """
    if edited:
        return tuple(_failing(before, after))
    planned = {agent.full_key: agent for agent in after.agents}
    return (
        *_lost(before, planned, old, new, frozenset(installed)),
        *_moved(before, after, old, new),
        *_failing(before, after),
    )


def _lost(
    before: ServedPlan, planned: Mapping[str, PlannedAgent], old: Config, new: Config, installed: frozenset[str]
) -> Iterator[str]:
    for full_key, agent in before.ready.items():
        now = planned.get(full_key)
        if now is not None or agent.package not in (*installed, PROGRAM):
            continue  # served, not to be served, uninstalled, or named below as quarantined
        if any(key in old.agents and key not in new.agents for key in (agent.key, full_key)):
            continue
        lost, again = f"{agent.package} offers it no longer", f"install {agent.package}=={agent.version}"
        if agent.package == PROGRAM:
            lost, again = "the program registers it no longer", "register it"
        yield f"{agent.key}: {lost}. fix: agenthost reload --accept goes on without it, or {again} again"


def _moved(before: ServedPlan, after: ServedPlan, old: Config, new: Config) -> Iterator[str]:
    holders = {agent.key: agent for agent in before.ready.values()}
    for agent in after.ready.values():
        holder = holders.get(agent.key)
        decided = new.agents.get(agent.key) != old.agents.get(agent.key) or agent.key in new.workflows
        if holder is not None and holder.full_key != agent.full_key and not decided:
            yield (
                f"{agent.key}: it would move from {holder.package} to {agent.package}. "
                f'fix: [agents.{agent.key}] use = "{holder.full_key}" keeps it, and agenthost reload --accept moves it'
            )


def _failing(before: ServedPlan, after: ServedPlan) -> Iterator[str]:
    known = {agent.full_key for agent in before.agents if agent.state in _FAILED}
    for agent in after.agents:
        if agent.state in _FAILED and agent.full_key not in known:
            yield f"{agent.key}: {agent.reason}"
    for key, reason in after.failed_plugins.items():
        if key not in before.failed_plugins:
            yield f"plugin {key}: {reason}"


def table(before: ServedPlan, after: ServedPlan, old: Manifest, new: Manifest) -> dict[str, list[str]]:
    """Return what differs between two plans, as lists of words for people."""
    was, now = before.ready, after.ready
    both = [(was[key], now[key]) for key in now if key in was]
    known = {agent.full_key for agent in before.agents if agent.state in _FAILED}
    differing = set(old.differing(new))
    return {
        "packages": [_versions(name, old, new) for name in sorted(differing)],
        "added": [agent.key for key, agent in now.items() if key not in was],
        "changed": [agent.key for earlier, agent in both if agent.package in differing or _differ(earlier, agent)],
        "removed": [agent.key for key, agent in was.items() if key not in now],
        "failed": [
            f"{agent.key}: {agent.reason}"
            for agent in after.agents
            if agent.state in _FAILED and agent.full_key not in known
        ],
        "routes": [f"{agent.key}: {e.route} → {agent.route}" for e, agent in both if e.route != agent.route],
        "tools": [words for earlier, agent in both for words in _named(earlier, agent, *_LISTS[0])],
        "aliases": [words for earlier, agent in both for words in _named(earlier, agent, *_LISTS[1])],
    }


def _differ(before: PlannedAgent, after: PlannedAgent) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in ("key", "route", "tools", "sip"))


def _named(before: PlannedAgent, after: PlannedAgent, attribute: str, noun: str) -> Iterator[str]:
    old, new = set(getattr(before, attribute)), set(getattr(after, attribute))
    yield from (f"{after.key}: new {noun} {name}" for name in sorted(new - old))
    yield from (f"{after.key}: {noun} {name} gone" for name in sorted(old - new))


def _versions(name: str, old: Manifest, new: Manifest) -> str:
    before, after = old.distributions.get(name), new.distributions.get(name)
    if before is None or after is None:
        return f"{name} {after.version} installed" if after is not None else f"{name} uninstalled"
    if before.version != after.version:
        return f"{name} {before.version} → {after.version}"
    if before.approved != after.approved:
        return f"{name} {after.version} by another agenthost.lock"
    return f"{name} {after.version} with other contents"
