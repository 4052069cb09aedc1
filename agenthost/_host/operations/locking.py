"""Locking: what a lock file of the moment says."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve, fields, has

from agenthost._discovery import AGENTS, COMMANDS, PLUGINS, SKILLS, Candidate, dependencies, discover
from agenthost._host.generations.contents import Readings
from agenthost._host.generations.lock import known_owners, lock_path, read_lock
from agenthost._host.generations.locked import Lock, LockedAgent, LockedDistribution
from agenthost._host.generations.manifest import by_distribution, modules_of
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import HostPlan, make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.diagnosis import Diagnosis
    from agenthost._host.packages.stages import Mounted

__all__ = ["installed_lock"]


def installed_lock(config: Config, deadly: Mapping[str, Diagnosis] = MappingProxyType({})) -> tuple[Lock, HostPlan]:
    """Load what is installed, whatever the lock file says.

    ``deadly`` are distributions that must not be loaded, each with the reason.

    Returns:
        The lock that describes it, with the plan that was made.
    """
    config = evolve(config, host=evolve(config.host, agents=("*",)), peers={})  # one lock file serves every host
    candidates = discover()
    locked = read_lock(config)
    offered = [each for each in candidates if each.group in (AGENTS, PLUGINS)]
    plan = make_plan(config, load(config, offered, owners=known_owners(config, locked), unapproved=deadly))
    readings = Readings.of_host(config)
    distributions = {
        name: _distribution(offers, plan, readings) for name, offers in by_distribution(candidates).items()
    }
    readings.keep()
    return Lock(lock_path(config), distributions, dependencies(distributions)).with_hashes_of(locked), plan


def _distribution(offers: list[Candidate], plan: HostPlan, readings: Readings) -> LockedDistribution:
    own = offers[0]
    digest = readings.of(own.location, modules_of(offers)).digest
    hooks = {hook for plugin in plan.plugins if plugin.distribution == own.distribution for hook in plugin.hooks}
    agents = {
        agent.full_key.rpartition(":")[2]: _agent(agent)
        for agent in plan.agents
        if agent.distribution == own.distribution and not agent.again
    }
    named = {offer.name: LockedAgent() for offer in offers if offer.group == AGENTS}  # those that could not be built
    return LockedDistribution(
        version=own.version,
        hashes=(digest,) if digest else (),
        hooks=tuple(sorted(hooks)),
        skills=_names(offers, SKILLS),
        commands=_names(offers, COMMANDS),
        agents=named | agents,
    )


def _agent(agent: Mounted) -> LockedAgent:
    declared = getattr(type(agent.agent), "Settings", None)
    return LockedAgent(
        key=agent.key,
        name=agent.name if agent.name != agent.key else "",
        route=agent.route,
        tools=agent.functions,
        sip=agent.sip,
        settings=tuple(each.name for each in fields(declared)) if isinstance(declared, type) and has(declared) else (),
        variables=agent.config.environment,
    )


def _names(offers: Iterable[Candidate], group: str) -> tuple[str, ...]:
    return tuple(sorted(offer.name for offer in offers if offer.group == group))
