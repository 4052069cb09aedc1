"""Reload: a new plan of everything that can change while serving.

Agents with an unchanged package and section are kept, with all their state. Imported modules stay imported: newly
installed code needs a new process. A reload of one agent replaces it in the plan where nothing else follows from it;
else, and if other tables of the configuration have changed, everything is planned again.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from agenthost._discovery import AGENTS, PLUGINS, Candidate, discover
from agenthost._host.config.changes import changes, with_kept
from agenthost._host.config.declaration import LIVE, PROCESS
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.generations.contents import Readings
from agenthost._host.generations.lock import read_lock
from agenthost._host.packages.approval import unapproved
from agenthost._host.packages.stages import Built, Mounted, Rejected
from agenthost._host.plan.load import build_agents, load
from agenthost._host.plan.mount import Claim, mount, wanted_route
from agenthost._host.plan.plan import HostPlan, Replaced, make_plan
from agenthost._host.plan.reach import section_of
from agenthost._host.plan.store_provider import refused_names
from agenthost._host.plan.workflow_members import members_of
from agenthost._host.runtime.start import accepted
from agenthost.agent.base import declared
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from agenthost._host.config.changes import Change
    from agenthost._host.packages.selection import SelectedAgent
    from agenthost._host.packages.stages import SetAside

__all__ = ["ReloadResult", "plan_again"]


@frozen
class ReloadResult:
    """The result of a reload."""

    plan: HostPlan
    config: Config
    """The configuration that it was made by, with everything that waits as it was."""
    replaced: Replaced | None = None
    """The only agent that differs from the plan before, with the same names, aliases, route and credentials. None if
    everything was planned again."""
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    """Keys of the configuration that have changed, and take effect."""
    process: tuple[str, ...] = ()
    """Keys, and sentences about packages, that take effect in a new process."""
    left: tuple[str, ...] = ()
    """Keys that have changed and belong to other agents than the one that was to be rebuilt."""

    def report(self) -> dict[str, Any]:
        """Return the result as JSON, in which ``process`` becomes ``replaced`` or ``restart``."""
        lists = ("added", "changed", "removed", "failed", "applied", "left", "process")
        return {name: list(getattr(self, name)) for name in lists} | {"agents": len(self.plan.agents)}


def plan_again(
    config: Config,
    before: Config,
    plan: HostPlan,
    agent: str | None = None,
    stale: tuple[str, ...] | None = None,
) -> ReloadResult:
    """Make a new plan.

    This never changes what is served. If one agent is named and no package differs, only it is built, unless something
    else follows from its change.

    ``config`` is the configuration, as ``read_again`` gave it. ``agent`` names the only agent to build again,
    whatever else has changed; None for all that have changed. ``stale`` are distributions that differ from the imported
    ones; None finds those that were installed since.

    Raises:
        PlanError: an agent that is served now, and should be, would be lost.
    """
    if agent is not None and (found := plan.find(agent)) is not None and agent != found.full_key:
        agent = found.key
    done = _replace_one(config, before, plan, agent) if agent is not None and stale == () else None
    return done if isinstance(done, ReloadResult) else _plan_all(config, before, plan, agent, stale, done)


def _plan_all(
    config: Config,
    before: Config,
    plan: HostPlan,
    agent: str | None,
    stale: tuple[str, ...] | None,
    again: Built | None,
) -> ReloadResult:
    """Plan everything again, see ``plan_again``. ``again`` is the agent, if it has been built already."""
    importlib.invalidate_caches()
    candidates = discover((AGENTS, PLUGINS))
    stale = _stale(plan, candidates) if stale is None else stale
    refused = unapproved(candidates, read_lock(config), Readings.of_host(config))
    served = {mounted.key: mounted for mounted in plan.agents}
    aside = {item.key: item for item in plan.set_aside}
    known = [*(each.selected for each in plan.agents), *(each.selected for each in plan.set_aside)]
    offers = {_names(each.offer) for each in known if each.offer is not None}
    asked = config
    if agent is not None:
        _refuse_unknown(agent, plan, config, candidates)
        config = _config_of_one(config, before, plan, agent)
    to_serve = config
    config = _with_sections_of(before, config, _waiting(plan, candidates, stale))

    def wanted(candidate: Candidate) -> bool:
        if candidate.group == PLUGINS or _names(candidate) in offers:
            return True
        return candidate.distribution not in stale and (agent is None or _named(candidate, agent, config))

    def stays(item: SelectedAgent) -> Built | Rejected | None:
        mounted = served.get(item.key)
        if mounted is None and (item.distribution in stale or agent not in (None, item.key, item.full_key)):
            return _still(item, aside.get(item.key), item.distribution in stale)
        if mounted is None or mounted.selected.offer is None or members_of(mounted.agent):
            return None  # a workflow is rebuilt with its agents
        if again is not None and (again.key, again.config) == (item.key, item.config):
            return evolve(again, selected=item)
        changed = agent in (item.key, item.full_key) or _has_changed(item, mounted, config, before)
        if changed and item.distribution not in stale:
            return None
        return evolve(mounted.built, served=mounted)

    loaded = load(
        config, [each for each in candidates if wanted(each)], stays, plan.registry, plan.held(), refused, serving=True
    )
    new = make_plan(config, loaded, plan).after(plan)
    if agent is not None and plan.broken:
        new = evolve(new, broken=tuple(each for each in plan.broken if each.key != agent and not new.find(each.route)))
    accepted(config, new)
    _refuse_failing(new, plan, served)
    found = {change.key: change.effect for change in changes(before, config)}
    to_come = [change.key for change in changes(before, to_serve) if found.get(change.key) != LIVE]
    tables = {name for name, table in config.workflows.items() if table != before.workflows.get(name)}
    return evolve(
        _result_of(plan, new, with_kept(before, config, (PROCESS,)), tables),
        applied=tuple(key for key, effect in found.items() if effect == LIVE),
        process=(*to_come, *_plugins_that_wait(plan, candidates), *(f"{name} was reinstalled" for name in stale)),
        left=tuple(change.key for change in changes(to_serve, asked)),
    )


def _replace_one(config: Config, before: Config, plan: HostPlan, agent: str) -> ReloadResult | Built | None:
    """Build one agent, and replace it in a plan.

    Returns:
        The agent that was built, or None, if it has to be planned with the others.

    Raises:
        PlanError: it fails.
    """
    asked, mounted = config, plan.find(agent)
    if mounted is None or agent not in (mounted.key, mounted.full_key) or not _stands_alone(plan, mounted):
        return None
    config = _config_of_one(config, before, plan, agent)
    section = section_of(config, mounted) or AgentConfig()
    found = changes(before, config)
    if not _only_of(mounted, section, found) or config.warnings != before.warnings:
        return None
    selected = evolve(mounted.selected, config=section)
    adapters = plan.registry.implementations("adapt_agent") if plan.registry is not None else ()
    built, failed, changed = build_agents(config, [selected], adapters)
    if failed:
        raise PlanError(f"{agent}: {failed[0].diagnosis.reason}. fix: {failed[0].diagnosis.remedy}")
    if not _alike(built[0], mounted) or [*refused_names(config, built)] != [*refused_names(before, [mounted])]:
        return built[0]
    outcome = mount(Claim(mounted.route, built[0]), plan.agents, (), plan.why_not_served, plan.limits)
    if not isinstance(outcome, Mounted):
        reason, remedy = (outcome.diagnosis.reason, outcome.diagnosis.remedy) if outcome.diagnosis else ("", "")
        raise PlanError(f"{agent}: {reason}. fix: {remedy}")
    new = plan.replacing(mounted, outcome, changed)
    accepted(config, new)
    return ReloadResult(
        new,
        with_kept(before, config, (PROCESS,)),
        Replaced(plan, mounted, outcome),
        changed=(mounted.key,),
        applied=tuple(change.key for change in found),
        left=tuple(change.key for change in changes(config, asked)),
    )


def _stands_alone(plan: HostPlan, agent: Mounted) -> bool:
    """Return True if an agent is built, and no workflow has it as a member.

    Agents that are made in code are left out, as their hook makes them.
    """
    if not agent.built_yet or agent.selected.offer is None or members_of(agent.agent):
        return False
    names = {agent.key, agent.full_key, agent.name, agent.route}
    return all(names.isdisjoint(members_of(each.agent)) for each in plan.agents)


def _only_of(agent: Mounted, section: AgentConfig, found: Iterable[Change]) -> bool:
    """Return True if only keys have changed from which nothing but this agent follows."""
    own = {agent.key, agent.full_key}
    return section.enabled and all(
        change.effect == LIVE and change.path[0] == "agents" and change.path[1] in own and change.path[2] not in _OF_ALL
        for change in found
    )


_OF_ALL = frozenset(("enabled", "route", "use", "model", "user", "password", "passwords", "reachable_from", "optional"))
"""Keys of an agent's section that more than the agent follows from."""


def _alike(built: Built, agent: Mounted) -> bool:
    """Return True if a new version of an agent has the same claims."""
    now, own = declared(built.agent), agent.own
    claims = ("name", "sip", "mcp_server", "shared_state")
    return (
        wanted_route(built) == agent.route
        and not members_of(built.agent)
        and all(getattr(now, claim) == getattr(own, claim) for claim in claims)
    )


def _refuse_failing(new: HostPlan, plan: HostPlan, served: Container[str]) -> None:
    """Refuse a plan in which something fails that did not fail before.

    Raises:
        PlanError: an agent that is served fails, or a model or a classifier that is in use.
    """
    failing = [
        problem
        for made, known in ((new.models, plan.models), (new.classifiers, plan.classifiers))
        for name, problem in made.problems.items()
        if name not in known.problems
    ]
    failing += [
        f"{item.key}: {item.diagnosis.reason}. fix: {item.diagnosis.remedy}"
        for item in new.failed
        if item.key in served and item.diagnosis is not None
    ]
    if failing:
        raise PlanError("; ".join(failing))


def _still(item: SelectedAgent, aside: SetAside | None, stale: bool) -> Rejected | None:  # noqa: FBT001
    """Return an unserved agent that is not to be built again, as it was.

    One in a conflict is built, as it may be over: what it claims is known of a built agent alone.
    """
    if aside is None or aside.diagnosis is None or (aside.state == "conflict" and not stale):
        return None
    return Rejected(item, aside.diagnosis, aside.state, aside.route)


def _has_changed(item: SelectedAgent, mounted: Mounted, config: Config, before: Config) -> bool:
    """Return True if a served agent follows from something that has changed."""
    other = mounted.config != item.config or _names(item.candidate) != _names(mounted.selected.candidate)
    other = other or (item.config.isolation is None and config.host.isolation != before.host.isolation)
    return other or (mounted.isolation == "process" and _of_processes(config) != _of_processes(before))


def _of_processes(config: Config) -> tuple[object, ...]:
    """Return the settings of the host that a process of an agent is started with."""
    return config.host.log_level, config.host.build_timeout


def _waiting(plan: HostPlan, candidates: Iterable[Candidate], stale: Container[str]) -> set[str]:
    """Return the sections of agents whose code was reinstalled."""
    served = {key for agent in plan.agents if agent.distribution in stale for key in (agent.key, agent.full_key)}
    return served.union(
        *({offer.name, f"{offer.distribution}:{offer.name}"} for offer in candidates if offer.distribution in stale)
    )


def _with_sections_of(before: Config, config: Config, names: Container[str]) -> Config:
    """Return a configuration in which some agents keep their sections, unless they are disabled."""
    kept = {name: section for name, section in before.agents.items() if name in names}
    new = {name: section for name, section in config.agents.items() if name not in names or not section.enabled}
    return evolve(config, agents={**kept, **new})


def _plugins_that_wait(plan: HostPlan, candidates: Iterable[Candidate]) -> list[str]:
    """Return sentences about added and removed plugins, which need a new process."""
    now = {f"{each.distribution}:{each.name}" for each in candidates if each.group == PLUGINS}
    before = {plugin.key for plugin in plan.plugins}
    gone, come = (sorted(keys) for keys in (before - now, now - before))
    return [f"plugin {key} was removed" for key in gone] + [f"plugin {key} was added" for key in come]


def _result_of(plan: HostPlan, new: HostPlan, config: Config, tables: Container[str]) -> ReloadResult:
    before, after = ({agent.key: agent for agent in each.agents} for each in (plan, new))
    known = {item.key for item in plan.failed}
    return ReloadResult(
        new,
        config,
        added=tuple(key for key in after if key not in before),
        changed=tuple(
            key for key, agent in after.items() if key in before and (key in tables or _differ(before[key], agent))
        ),
        removed=tuple(key for key in before if key not in after),
        failed=tuple(
            f"{item.key}: {item.diagnosis.reason}" for item in new.failed if item.diagnosis and item.key not in known
        ),
    )


def _differ(before: Mounted, after: Mounted) -> bool:
    """Return True if an agent has changed.

    Workflows, and agents of plugins, are rebuilt without a change.
    """
    if before is after:
        return False
    made_anew = after.selected.offer is None or bool(members_of(after.agent))
    as_before = before.template.parts == after.template.parts and before.config == after.config
    return not (made_anew and as_before and before.route == after.route)


def _stale(plan: HostPlan, candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Return the distributions that differ from the imported ones."""
    now = {candidate.distribution: candidate.stamp() for candidate in candidates}
    return tuple(sorted(name for name, stamp in plan.stamps.items() if now.get(name, stamp) != stamp))


def _names(candidate: Candidate) -> tuple[str, str, str, str]:
    """Return the names of an entry point, which it has in any version."""
    return candidate.group, candidate.name, candidate.distribution, candidate.value


def _named(candidate: Candidate, agent: str, config: Config) -> bool:
    use = config.agents.get(agent, AgentConfig()).use
    return agent in (candidate.name, f"{candidate.distribution}:{candidate.name}") or (
        use == f"{candidate.distribution}:{candidate.name}"
    )


def _refuse_unknown(agent: str, plan: HostPlan, config: Config, candidates: Iterable[Candidate]) -> None:
    named = (*config.agents, *config.workflows)
    known = {*(item.key for item in plan.agents), *(item.key for item in plan.set_aside), *named}
    if agent not in known and not any(_named(candidate, agent, config) for candidate in candidates):
        raise PlanError(f"there is no agent {agent!r}. fix: agenthost agents lists the agents.")


def _config_of_one(config: Config, before: Config, plan: HostPlan, agent: str) -> Config:
    """Return the configuration in which of all agents and workflows only one has another section."""
    found = plan.find(agent)
    own = {found.key, found.full_key} if found is not None else set()
    names = own if agent in own else {agent}
    agents = {name: section for name, section in before.agents.items() if name not in names}
    agents |= {name: section for name, section in config.agents.items() if name in names}
    workflows = {name: table for name, table in before.workflows.items() if name != agent}
    workflows |= {name: table for name, table in config.workflows.items() if name == agent}
    return evolve(config, agents=agents, workflows=workflows)
