"""The plan: the frozen result of every decision before the host serves.

``make_plan`` is a function of the configuration and the loaded packages. It gives each agent its route, finds
conflicts, and seals the rest. ``agenthost check --json`` prints its report, and serving only reads it.
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from agenthost._host.access.guessable import FIX, guessable_secrets
from agenthost._host.config.limits import Limits
from agenthost._host.generations.owners import PROGRAM, Owners
from agenthost._host.packages.plugins import Plugins
from agenthost._host.packages.stages import Extensions, Mounted, SetAside
from agenthost._host.plan.agent_names import by_name
from agenthost._host.plan.chosen_classifiers import Classifiers, choose_classifiers
from agenthost._host.plan.chosen_models import Models, choose_models
from agenthost._host.plan.chosen_redactors import choose_redactors
from agenthost._host.plan.mount import (
    Claim,
    in_order,
    mount,
    mount_all,
    quarantined_when_served,
    wanted_route,
    why_not_served,
)
from agenthost._host.plan.reach import named_in_code, unknown_agents
from agenthost._host.plan.routes import route_problem, timed_route_problems
from agenthost._host.plan.sip_sources import SipSources, origins, sip_aliases
from agenthost._host.plan.store_provider import ChosenProvider, choose_provider, refused_names, shared_names
from agenthost._host.plan.workflow_members import choice_of, members_first, members_of
from agenthost.errors import DefinitionError
from agenthost.sip import AliasTable, SipAlias
from agenthost.sip.resolving import Routing
from agenthost.sip.rules import RuleTable
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.plugins import PluginState
    from agenthost._host.packages.stages import Built, Loaded, Rejected
    from agenthost.conversation.classifiers import Choice, Classifier
    from agenthost.conversation.escalation_detectors import EscalationDetector
    from agenthost.conversation.redaction import Redactor
    from agenthost.health import Probe

__all__ = ["HostPlan", "Replaced", "make_plan"]


@frozen(eq=False)
class HostPlan:
    """The served agents and plugins, and the quarantined ones."""

    agents: tuple[Mounted, ...]
    set_aside: tuple[SetAside, ...]
    plugins: tuple[PluginState, ...]
    unfitting: tuple[str, ...]
    aliases: AliasTable = field(factory=AliasTable)
    origins: Mapping[str, str] = field(factory=dict)
    sip: SipSources = field(factory=SipSources, repr=False)
    """Other sources of decisions on SIP calls: configuration and plugins."""
    state: ChosenProvider = field(factory=ChosenProvider, repr=False)
    classifiers: Classifiers = field(factory=Classifiers, repr=False)
    extensions: Extensions = field(factory=Extensions, repr=False)
    """The results of the hooks of plugins, and the probes of a program's own."""
    models: Models = field(factory=Models, repr=False)
    redactors: tuple[Redactor, ...] = field(default=(), repr=False)
    limits: Limits = field(factory=Limits, repr=False)
    _choices: dict[tuple[str, ...], tuple[Choice, ...]] = field(factory=dict, init=False, repr=False)
    stamps: Mapping[str, tuple[str, int]] = field(factory=dict, repr=False)
    """By distribution, in what condition it was when it was loaded."""
    owners: Owners = field(factory=Owners, repr=False)
    """Holders of keys, routes and SIP aliases; see ``held`` for those that this plan adds."""
    changes: tuple[str, ...] = field(default=(), repr=False)
    """Sentences about packages that changed the process while they were loaded."""
    installed: frozenset[str] = field(default=frozenset(), repr=False)
    refusals: tuple[str, ...] = ()
    """Sentences about configuration that restricts an agent which is not installed."""
    registry: Plugins | None = field(default=None, repr=False)
    broken: tuple[Mounted, ...] = field(default=(), repr=False)
    """Agents that failed when they were built after the start. Their callers hear a fallback."""

    @cached_property
    def _known(self) -> Mapping[str, Mounted]:
        """The served agents by route, key, full key and unique name."""
        return by_name(self.agents)

    @cached_property
    def _named_in_code(self) -> tuple[str, ...]:
        return tuple(named_in_code(self.agents, self.find))

    @property
    def pending(self) -> tuple[Mounted, ...]:
        """Served agents that have not been built."""
        return tuple(agent for agent in self.agents if not agent.built_yet)

    @property
    def failed(self) -> tuple[SetAside, ...]:
        """Agents that should be served and are not."""
        return tuple(item for item in self.set_aside if item.state not in ("disabled", "elsewhere"))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about useless configuration, and unreachable aliases and agents."""
        unroutable = (
            f"SIP alias {user!r} is claimed by {' and '.join(keys)}: it is unroutable until only one claims it"
            for user, keys in sorted(self.aliases.conflicts.items())
        )
        unreachable = (
            f"agent {agent.key!r} hands calls over to {name!r}, which is not served: they stay with {agent.key!r}"
            for agent in self.agents
            for name in sorted({name for _, name in agent.template.siblings})
            if self.find(name) is None
        )
        homeless = (
            f"probe {probe.name!r} of {source} is for agent {probe.agent!r}, which is not served: it does not run"
            for source, probe in self.extensions.health_probes
            if probe.agent is not None and self.find(probe.agent) is None
        )
        incomplete = (
            f"workflow {agent.key!r} goes on without {name!r}, which is not served: {self.why_not_served(name)}"
            for agent in self.agents
            for name in members_of(agent.agent)
            if self.find(name) is None
        )
        told = (
            *unroutable,
            *self._kept_aliases(),
            *unreachable,
            *self._named_in_code,
            *homeless,
            *incomplete,
            *self._unknown_parts(),
            *self._sip_problems(),
        )
        return (*self.unfitting, *self.models.warnings, *self.classifiers.warnings, *told)

    def _kept_aliases(self) -> Iterator[str]:
        """Yield warnings about SIP aliases that a newcomer claims but does not get."""
        holders = self.owners.installed(self.installed).aliases
        keys = {agent.full_key: agent.key for agent in self.agents}
        for agent in self.agents:
            for user in (SipAlias(user, agent.key).compared for user in agent.sip):
                holder = holders.get(user)
                if (
                    holder is not None
                    and self.aliases.agents.get(user) != agent.key
                    and user not in self.aliases.conflicts
                ):
                    by = keys.get(holder, f"{holder}, which is not served")
                    rule = f'[[sip.rules]] users = ["{user}"], agent = "{agent.key}"'
                    yield f"SIP alias {user!r} stays with {by}; {agent.key} declares it too. fix: {rule} moves it"

    def _unknown_parts(self) -> tuple[str, ...]:
        """Return warnings about unknown classifiers and detectors of workflows."""
        known = {"classifier": set(self.classifiers.made), "detector": {each.name for each in self.detectors}}
        named = [
            (agent.key, sort, name)
            for agent in self.agents
            if isinstance(agent.agent, Workflow)
            for sort, name in (
                ("classifier", getattr(agent.agent, "classifier", None)),
                *(("detector", name) for name in getattr(agent.agent, "detectors", None) or ()),
            )
        ]
        return tuple(
            f"workflow {key!r} names the {sort} {name!r}, which does not exist. "
            f"The {sort}s are: {', '.join(sorted(known[sort])) or 'none'}"
            for key, sort, name in named
            if isinstance(name, str) and name not in known[sort]
        )

    def choices(self, names: Iterable[str]) -> tuple[Choice, ...]:
        """Return the served ones of some agents, each once, in the order of ``names``."""
        names = tuple(names)
        chosen = self._choices.get(names)
        if chosen is None:
            found = (self.find(name) for name in names)
            each = {agent.key: choice_of(agent.key, agent.agent) for agent in found if agent is not None}
            chosen = self._choices[names] = tuple(each.values())
        return chosen

    def classifier(self, name: str | None = None) -> Classifier | None:
        """Return the classifier with this name, or the default one, or None."""
        return self.classifiers.find(name)

    @property
    def detectors(self) -> tuple[EscalationDetector, ...]:
        """The escalation detectors of all plugins."""
        return tuple(detector for _, detector in self.extensions.escalation_detectors)

    def why_not_served(self, name: str) -> str:
        """Explain why there is no agent with this name."""
        return why_not_served(name, self.set_aside)

    @property
    def findings(self) -> tuple[str, ...]:
        """Sentences about served agents with probable mistakes, which are not problems."""
        undeclared = (
            f"{tool.name} of {agent.key} declares no parameters: the model cannot know what to pass"
            for agent in self.agents
            for tool in agent.tools.values()
            if tool.undeclared
        )
        adapted = (f"{agent.key}: {each}" for agent in self.agents if agent.built_yet for each in agent.own.findings)
        return (*undeclared, *adapted, *shared_names(self.agents), *self.sip.shadowed, *self.changes)

    def routing(self) -> Routing:
        """Return the routing of SIP calls, without plugins' functions."""
        config = self.sip.config
        return Routing(
            RuleTable(config.rules), self.aliases, self.origins, config.default, config.default_place, self._reached()
        )

    def _reached(self) -> dict[str, str]:
        """Map all that names each served agent to its key."""
        return {name: agent.key for name, agent in self._known.items()}

    def _sip_problems(self) -> list[str]:
        return self.sip.problems(self._reached(), {item.key: item.state for item in self.set_aside}, self.aliases)

    @property
    def problems(self) -> int:
        """The number of failed agents and plugins, warnings and refusals."""
        plugins = sum(plugin.state == "quarantined" for plugin in self.plugins)
        return len(self.failed) + plugins + len(self.warnings) + len(self.refusals)

    def with_aliases(
        self, registered: Iterable[SipAlias], *, automatic: bool = True, keeping: bool = False
    ) -> HostPlan:
        """Return the plan with its SIP aliases decided again.

        ``registered`` are aliases that a program set; they win over those that agents declare. With ``keeping``,
        agents that are reached by an alias keep it against others.
        """
        reached = self._reached()
        kept = [SipAlias(user, key) for user, key in self.aliases.agents.items() if keeping and key in reached]
        declared_too = [SipAlias(user, agent.key) for agent in self.agents for user in agent.sip]
        from_plugins = [SipAlias(each.user, reached.get(each.agent, each.agent)) for _, each in self.sip.asked_for]
        suggested = [
            SipAlias(each.user, reached[each.agent]) for _, each in self.sip.automatic if each.agent in reached
        ]
        suggested = suggested if automatic and self.sip.config.automatic else []
        held, reserved = self._held_aliases([*declared_too, *from_plugins, *suggested])
        claimed, suggested = (
            [alias for alias in claims if alias.compared not in reserved]
            for claims in ([*declared_too, *from_plugins], suggested)
        )
        table = AliasTable.of(registered, [*kept, *held], claimed, suggested)
        return attrs.evolve(self, aliases=table, origins=origins(table, self.origins, declared_too, self.sip.aliases))

    def _held_aliases(self, claims: Iterable[SipAlias]) -> tuple[list[SipAlias], set[str]]:
        """Return the aliases that stay with their holders, and those of unserved holders."""
        keys = {agent.full_key: agent.key for agent in self.agents}
        claimed = {(alias.compared, alias.agent) for alias in claims}
        holders = self.owners.installed(self.installed).aliases
        held = [SipAlias(user, keys[by]) for user, by in holders.items() if (user, keys.get(by)) in claimed]
        return held, {user for user, by in holders.items() if by not in keys}

    def held(self) -> Owners:
        """Return the owners after this plan has been served."""
        full = {agent.key: agent.full_key for agent in self.agents}
        return self.owners.with_served(
            {agent.route: agent.full_key for agent in self.agents},
            {user: full[key] for user, key in self.aliases.agents.items() if key in full},
        )

    def with_agent(self, item: Built) -> HostPlan:
        """Return the plan with one more agent.

        The served agents keep their routes against it.

        Raises:
            DefinitionError: the agent cannot be mounted.
        """
        route = wanted_route(item)
        taken = next((agent for agent in self.agents if agent.route == route), None)
        if taken is not None:
            msg = f"route {route!r} is already taken by agent {taken.key!r}. fix: register this one at another route."
            raise DefinitionError(msg)
        if problem := route_problem(route, program=item.selected.distribution == PROGRAM):
            raise DefinitionError(problem)
        mounted = mount(Claim(route, item), self.agents, (), self.why_not_served, self.limits)
        if isinstance(mounted, SetAside):
            raise DefinitionError(mounted.diagnosis.reason if mounted.diagnosis else mounted.state)
        agents = tuple(sorted((*self.agents, mounted), key=attrgetter("route")))
        sip = attrs.evolve(self.sip, aliases=sip_aliases(self.registry, agents)) if self.registry else self.sip
        return attrs.evolve(self, agents=agents, sip=sip)

    def with_late(self, built: Sequence[Built], failed: Iterable[Rejected]) -> HostPlan:
        """Return the plan in which agents that were pending have been built, or are quarantined.

        The agents of workflows come before them.
        """
        late = {agent.key: agent for agent in self.pending}
        built = [item for item in built if item.key in late]
        failed = [item for item in failed if item.key in late]
        mounted = [agent for agent in self.agents if agent.built_yet]
        set_aside = [SetAside(item.selected, item.state, item.diagnosis, late[item.key].route) for item in failed]
        claims = [Claim(late[item.key].route, item) for item in built]
        for claim in members_first(claims):
            outcome = mount(claim, mounted, claims, self.why_not_served, self.limits)
            (mounted if isinstance(outcome, Mounted) else set_aside).append(outcome)  # type: ignore[arg-type]
        by_key = {item.key for item in built}
        done = {*by_key, *(item.key for item in set_aside)}
        agents = (*mounted, *(agent for key, agent in late.items() if key not in done))
        plan = attrs.evolve(
            self,
            agents=tuple(sorted(agents, key=attrgetter("route"))),
            set_aside=tuple(in_order((*self.set_aside, *set_aside))),
            broken=(*self.broken, *(late[item.key] for item in set_aside)),
        )
        renamed = any(late[agent.key].name != agent.name for agent in mounted if agent.key in by_key)
        return plan.with_aliases((), keeping=True) if renamed or set_aside else plan

    def with_probes(self, probes: Iterable[tuple[str, Probe]]) -> HostPlan:
        """Return the plan with more probes, each with its source."""
        health_probes = (*self.extensions.health_probes, *probes)
        return attrs.evolve(self, extensions=attrs.evolve(self.extensions, health_probes=health_probes))

    def replacing(self, before: Mounted, agent: Mounted, changes: Iterable[str] = ()) -> HostPlan:
        """Return the plan with another version of one agent.

        The new one has the same names and aliases.

        ``changes`` are sentences about what its package changed in the process while it was built.
        """
        plan = attrs.evolve(
            self,
            agents=tuple(agent if each is before else each for each in self.agents),
            changes=tuple(dict.fromkeys((*self.changes, *changes))),
        )
        names = [name for name in (before.route, before.full_key, before.key, before.name) if self.find(name) is before]
        object.__setattr__(plan, "_known", {**self._known, **dict.fromkeys(names, agent)})  # there may be thousands
        return plan

    def without(self, route: str) -> HostPlan:
        """Return the plan without the agent at ``route``."""
        return attrs.evolve(self, agents=tuple(agent for agent in self.agents if agent.route != route))

    def with_failed_agent(self, agent: Mounted, error: BaseException) -> HostPlan:
        """Return the plan after an agent failed at start-up.

        Its SIP aliases are then unroutable.
        """
        return attrs.evolve(
            self,
            agents=tuple(other for other in self.agents if other is not agent),
            set_aside=tuple(in_order((*self.set_aside, quarantined_when_served(agent, error)))),
        )

    def after(self, earlier: HostPlan) -> HostPlan:
        """Return the plan with the imported versions of ``earlier``, as imports are permanent."""
        return attrs.evolve(self, stamps={**self.stamps, **earlier.stamps})

    def with_failed_plugin(self, key: str, error: BaseException) -> HostPlan:
        """Return the plan after a plugin failed at start-up."""
        plugins = tuple(plugin.quarantined(error) if plugin.key == key else plugin for plugin in self.plugins)
        resolve_sip = tuple(pair for pair in self.extensions.resolve_sip if pair[0] != key)
        return attrs.evolve(self, plugins=plugins, extensions=attrs.evolve(self.extensions, resolve_sip=resolve_sip))

    def route_of(self, name: str) -> str | None:
        """Return the route of the served agent with this key, name or route, or None."""
        agent = self.find(name)
        return None if agent is None else agent.route

    def find(self, name: str) -> Mounted | None:
        """Return the served agent with this key, else route, else unique name."""
        return self._known.get(name)

    def sibling(self, name: str) -> Mounted:
        """Return the served agent that a call is handed over to.

        Raises:
            LookupError: no such agent is served.
        """
        agent = self.find(name)
        if agent is None:
            msg = f"the call should be handed over to {name!r}, but no agent of this name is served here"
            raise LookupError(msg)
        return agent

    def report(self) -> dict[str, Any]:
        """Return the plan as data, for ``--json``."""
        rows: list[Mounted | SetAside] = [*self.agents, *self.set_aside]
        return {
            "agents": [row.report() for row in rows],
            "plugins": [plugin.report() for plugin in self.plugins],
            "state": self.state.report(),
            "warnings": [*self.warnings, *self.refusals],
            "findings": list(self.findings),
            "problems": self.problems,
        }


@frozen(eq=False)
class Replaced:
    """An agent of a plan, and its successor in an otherwise equal plan."""

    plan: HostPlan
    agent: Mounted
    by: Mounted


def make_plan(config: Config, loaded: Loaded, before: HostPlan | None = None) -> HostPlan:
    """Decide which agents are served, and at which routes.

    Args:
        config: the configuration.
        loaded: the loaded packages.
        before: the plan that is served, whose models and classifiers stay where their tables have not changed.
    """
    limits = Limits.for_all(config.host)
    state = choose_provider(config, loaded.extensions.state_providers, loaded.plugins)
    stateless = [state.problem] if state.problem is not None and loaded.extensions.state_providers else []
    guessable = [f"{place}: {says}. fix: {FIX}" for place, says in guessable_secrets(config).items()]
    redactors, unknown = choose_redactors(config, loaded.extensions.redactors)
    mounted, set_aside = mount_all(loaded, config.sip.path, limits)
    known = [*(each.selected for each in mounted), *(each.selected for each in set_aside)]
    registry = loaded.registry or Plugins.load(config, ())
    aliases = sip_aliases(registry, mounted)
    extensions = loaded.extensions.functions_left(registry)  # a plugin that failed in it is not used below
    return HostPlan(
        agents=tuple(mounted),
        set_aside=tuple(set_aside),
        plugins=tuple(registry.state_of(plugin.key) or plugin for plugin in loaded.plugins),
        unfitting=(
            *config.warnings,
            *guessable,
            *unknown_agents(config, known),
            *refused_names(config, mounted),
            *timed_route_problems(config, mounted),
            *loaded.warnings,
            *stateless,
            *unknown,
        ),
        state=state,
        classifiers=choose_classifiers(
            config, extensions.classifiers, before.classifiers if before is not None else None
        ),
        extensions=extensions,
        models=choose_models(
            config,
            extensions.chat_models,
            [agent.model for agent in mounted if agent.model is not None],
            before.models if before is not None else None,
        ),
        redactors=redactors,
        limits=limits,
        sip=SipSources(config.sip, aliases),
        stamps=loaded.stamps,
        owners=loaded.owners,
        changes=loaded.changes,
        installed=loaded.installed,
        refusals=loaded.refusals,
        registry=registry,
    ).with_aliases(())
