"""The plan: the frozen result of every decision that is made before the host serves.

``make_plan`` is a function of configuration and what was loaded. It gives each agent its route, finds conflicts, and
seals what remains; ``agenthost check --json`` prints its report, and serving only reads it.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from agenthost._host.classifiers import Classifiers, choose_classifiers
from agenthost._host.discovery import AGENTS, Candidate
from agenthost._host.key_paths import key_path
from agenthost._host.limits import Limits
from agenthost._host.membership import choice_of, circle, in_a_circle, members_first, members_of, nobody_left
from agenthost._host.models import Models, choose_models
from agenthost._host.naming import by_name
from agenthost._host.redaction import choose_redactors
from agenthost._host.remedies import Diagnosis, diagnose
from agenthost._host.routes import normalise, route_problem
from agenthost._host.sip_sources import SipSources, origins
from agenthost._host.state import ChosenProvider, choose_provider
from agenthost.agent import AgentBase, declared, runnable, seal
from agenthost.declared import Alone
from agenthost.errors import DefinitionError
from agenthost.health import Probe, probes_of
from agenthost.sip import AliasTable, SipAlias
from agenthost.sip.resolving import Routing
from agenthost.sip.rules import RuleTable
from agenthost.tools import Tool
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from agenthost._host.loader import Built, Loaded
    from agenthost._host.plugins import Plugins, PluginState
    from agenthost._host.tables import Config
    from agenthost.classifiers import Choice, Classifier
    from agenthost.escalation_detectors import EscalationDetector
    from agenthost.redaction import Redactor
    from agenthost.swml import Template

__all__ = ["HostPlan", "Mounted", "SetAside", "make_plan"]


@frozen(eq=False)
class Mounted:
    """An agent that is served.

    Args:
        key: its name in configuration and on the command line.
        name: what it calls itself.
        route: where it is mounted.
        distribution: the package that offers it.
        version: that package's version.
        agent: the agent, sealed.
        tools: its tools that this host runs, by name.
        template: its document, encoded.
        fallback: what a caller hears when one of its tools fails.
        sip: user parts that it asks for.
        functions: names of all its tools, also of those that run elsewhere.
        dynamic: whether callbacks configure it for each call.
        routing: its routing callbacks, by the path below its route.
        debug_handler: what it does with debug events.
        alone: keys and lifetimes of its own.
        mcp_server: whether it offers its tools to clients of the Model Context Protocol.
        again: whether it is a second mount, which SIP users reach by its key and route alone.
        built: what it was mounted from.
        probes: those that it declares.
        model: the language model that it is talked to in text with; None for the default.
        limits: how much of the host it may take.
        isolation: ``thread``; ``process`` where its code runs in processes of its own.
    """

    key: str
    name: str
    route: str
    distribution: str
    version: str
    agent: AgentBase = field(repr=False)
    tools: Mapping[str, Tool] = field(repr=False)
    template: Template = field(repr=False)
    fallback: str
    sip: tuple[str, ...]
    functions: tuple[str, ...] = ()
    dynamic: bool = False
    routing: Mapping[str, Callable[..., Any]] = field(factory=dict, repr=False)
    debug_handler: Callable[..., Any] | None = field(default=None, repr=False)
    alone: Alone = field(factory=Alone, repr=False)
    mcp_server: bool = False
    again: bool = False
    probes: tuple[Probe, ...] = field(default=(), repr=False)
    model: str | None = None
    limits: Limits = field(factory=Limits, repr=False)
    built: Built | None = field(default=None, repr=False)
    isolation: str = "thread"

    def report(self) -> dict[str, Any]:
        """What lists and ``--json`` show."""
        return {
            "agent": self.key,
            "route": self.route,
            "tools": list(self.functions),
            "sip": list(self.sip),
            "package": self.distribution,
            "version": self.version,
            "state": "ready",
            "isolation": self.isolation,
        }


@frozen
class SetAside:
    """An agent that is not served, and why.

    Args:
        key: its name in configuration and on the command line.
        distribution: the package that offers it.
        version: that package's version.
        state: ``quarantined``, ``conflict`` or ``disabled``.
        diagnosis: the reason and the remedy; None when it is disabled.
        route: the route it asked for, where it came so far.
    """

    key: str
    distribution: str
    version: str
    state: str
    diagnosis: Diagnosis | None = None
    route: str | None = None

    def report(self) -> dict[str, Any]:
        """What lists and ``--json`` show."""
        row: dict[str, Any] = {
            "agent": self.key,
            "route": self.route,
            "tools": [],
            "sip": [],
            "package": self.distribution,
            "version": self.version,
            "state": self.state,
        }
        return row | (attrs.asdict(self.diagnosis) if self.diagnosis else {})


@frozen(eq=False)
class HostPlan:
    """What the host serves, and what it does not.

    Args:
        agents: in order of their routes.
        set_aside: everything else that was asked for, in order of keys.
        plugins: every plugin with its state.
        configure_app: what plugins do to the Litestar application, each with its plugin's key.
        unfitting: sentences about configuration that fits nothing.
        aliases: which agent each SIP user part reaches, by key.
        origins: what each alias comes from.
        sip: what else decides about SIP calls: configuration and plugins.
        state: who opens the store of shared state.
        classifiers: what routers choose with.
        detectors: what notices that somebody else should take over.
        probes: those of plugins and of a program's own, each with whose it is.
        lifespans: what plugins run around the serving, each with its plugin's key.
        observers: who is told of tool calls, each with its plugin's key.
        models: the language models.
        redactors: what transcripts go through.
        limits: those of agents that have none of their own.
        stamps: by distribution, in what condition it was when it was loaded.
        registry: the plugins, registered.
    """

    agents: tuple[Mounted, ...]
    set_aside: tuple[SetAside, ...]
    plugins: tuple[PluginState, ...]
    configure_app: tuple[tuple[str, Callable[..., object]], ...] = field(repr=False)
    unfitting: tuple[str, ...]
    aliases: AliasTable = field(factory=AliasTable)
    origins: Mapping[str, str] = field(factory=dict)
    sip: SipSources = field(factory=SipSources, repr=False)
    state: ChosenProvider = field(factory=ChosenProvider, repr=False)
    classifiers: Classifiers = field(factory=Classifiers, repr=False)
    detectors: tuple[EscalationDetector, ...] = field(default=(), repr=False)
    probes: tuple[tuple[str, Probe], ...] = field(default=(), repr=False)
    lifespans: tuple[tuple[str, Callable[..., object]], ...] = field(default=(), repr=False)
    observers: tuple[tuple[str, Callable[..., object]], ...] = field(default=(), repr=False)
    models: Models = field(factory=Models, repr=False)
    redactors: tuple[Redactor, ...] = field(default=(), repr=False)
    limits: Limits = field(factory=Limits, repr=False)
    _known: Mapping[str, Mounted] = field(init=False, repr=False)

    @_known.default
    def _index(self) -> Mapping[str, Mounted]:
        return by_name((agent.key, agent.name, agent) for agent in self.agents)

    _choices: dict[tuple[str, ...], tuple[Choice, ...]] = field(factory=dict, init=False, repr=False)
    stamps: Mapping[str, tuple[str, int]] = field(factory=dict, repr=False)
    registry: Plugins | None = field(default=None, repr=False)

    @property
    def failed(self) -> tuple[SetAside, ...]:
        """Agents that should be served and are not."""
        return tuple(item for item in self.set_aside if item.state != "disabled")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about configuration that fits nothing, SIP aliases and other agents that are not reached."""
        unroutable = (
            f"SIP alias {user!r} is claimed by {' and '.join(keys)}: it reaches nobody until only one asks for it"
            for user, keys in sorted(self.aliases.conflicts.items())
        )
        unreachable = (
            f"agent {agent.key!r} hands calls over to {name!r}, which is not served: they stay with {agent.key!r}"
            for agent in self.agents
            for name in sorted({name for _, name in agent.template.siblings})
            if self.find(name) is None
        )
        homeless = (
            f"probe {probe.name!r} of {source} is for agent {probe.agent!r}, which is not served: nobody asks it"
            for source, probe in self.probes
            if probe.agent is not None and self.find(probe.agent) is None
        )
        incomplete = (
            f"workflow {agent.key!r} goes on without {name!r}, which is not served: {self.why_not_served(name)}"
            for agent in self.agents
            for name in members_of(agent.agent)
            if self.find(name) is None
        )
        told = (*unroutable, *unreachable, *homeless, *incomplete, *self._unknown_parts(), *self._sip_problems())
        return (*self.unfitting, *self.models.warnings, *self.classifiers.warnings, *told)

    def _unknown_parts(self) -> tuple[str, ...]:
        """Sentences about classifiers and detectors that workflows name and nobody has."""
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
            f"workflow {key!r} names the {sort} {name!r}, which is not there. "
            f"There are: {', '.join(sorted(known[sort])) or 'none'}"
            for key, sort, name in named
            if isinstance(name, str) and name not in known[sort]
        )

    def choices(self, names: Iterable[str]) -> tuple[Choice, ...]:
        """Those of some agents that are served, each once, in the order of ``names``; what is no name is nobody's."""
        names = tuple(names)
        chosen = self._choices.get(names)
        if chosen is None:
            found = (self.find(name) for name in names)
            each = {agent.key: choice_of(agent.key, agent.agent) for agent in found if agent is not None}
            chosen = self._choices[names] = tuple(each.values())
        return chosen

    def classifier(self, name: str | None = None) -> Classifier | None:
        """The classifier of this name; without one, the default; None where there is none."""
        return self.classifiers.find(name)

    def why_not_served(self, name: str) -> str:
        """Why there is no agent of this name."""
        return _why_not(name, self.set_aside)

    @property
    def findings(self) -> tuple[str, ...]:
        """Sentences about what is served and was probably not meant so; they are no problems."""
        undeclared = (
            f"{tool.name} of {agent.key} declares no parameters: the model cannot know what to pass"
            for agent in self.agents
            for tool in agent.tools.values()
            if tool.undeclared
        )
        return (*undeclared, *self.sip.shadowed)

    def routing(self) -> Routing:
        """What decides about SIP calls, plugins' functions aside."""
        config = self.sip.config
        return Routing(
            RuleTable(config.rules), self.aliases, self.origins, config.default, config.default_place, self._reached()
        )

    def _reached(self) -> dict[str, str]:
        """Route, name and key of each agent that is served, to its key."""
        return {agent.route: agent.key for agent in self.agents} | {name: a.key for name, a in self._known.items()}

    def _sip_problems(self) -> list[str]:
        return self.sip.problems(self._reached(), {item.key: item.state for item in self.set_aside}, self.aliases)

    @property
    def problems(self) -> int:
        """How many agents and plugins failed, and warnings there are."""
        plugins = sum(plugin.state == "quarantined" for plugin in self.plugins)
        return len(self.failed) + plugins + len(self.warnings)

    def with_aliases(
        self, registered: Iterable[SipAlias], *, automatic: bool = True, keeping: bool = False
    ) -> HostPlan:
        """The same plan with its SIP aliases decided anew.

        Args:
            registered: aliases that somebody set in code; they win over those that agents ask for.
            automatic: whether names and routes are aliases too.
            keeping: whether agents that are reached by an alias keep it against others.
        """
        reached = self._reached()
        kept = [SipAlias(user, key) for user, key in self.aliases.agents.items() if keeping and key in reached]
        declared_too = [SipAlias(user, agent.key) for agent in self.agents for user in agent.sip]
        from_plugins = [SipAlias(each.user, reached.get(each.agent, each.agent)) for _, each in self.sip.aliases]
        suggested = [
            SipAlias(user, agent.key)
            for agent in self.agents
            for user in {agent.key, agent.route.rpartition("/")[2], *(() if agent.again else (agent.name,))}
        ]
        automatic = automatic and self.sip.config.automatic
        table = AliasTable.of(registered, kept, [*declared_too, *from_plugins], suggested if automatic else ())
        return attrs.evolve(self, aliases=table, origins=origins(table, self.origins, declared_too, self.sip.aliases))

    def with_agent(self, item: Built) -> HostPlan:
        """The same plan with one agent more; those that are served keep their routes against it.

        Raises:
            DefinitionError: it cannot be mounted.
        """
        route = _route(item)
        taken = next((agent for agent in self.agents if agent.route == route), None)
        if taken is not None:
            msg = f"route {route!r} is already taken by agent {taken.key!r}; register this one at another route."
            raise DefinitionError(msg)
        if problem := route_problem(route, program=item.distribution == "code"):
            raise DefinitionError(problem)
        mounted = _mount_member(item, route, self.agents, {item.key: item.agent}, self.why_not_served, self.limits)
        if isinstance(mounted, SetAside):
            raise DefinitionError(mounted.diagnosis.reason if mounted.diagnosis else mounted.state)
        return attrs.evolve(self, agents=tuple(sorted((*self.agents, mounted), key=attrgetter("route"))))

    def without(self, route: str) -> HostPlan:
        """The same plan without the agent at ``route``."""
        return attrs.evolve(self, agents=tuple(agent for agent in self.agents if agent.route != route))

    def with_failed_agent(self, agent: Mounted, error: BaseException) -> HostPlan:
        """The same plan after an agent failed while the host took shape; its SIP aliases reach nobody then."""
        candidate = Candidate(AGENTS, agent.key, type(agent.agent).__module__, agent.distribution, agent.version, "")
        diagnosis = diagnose(error, candidate, agent.key)
        if agent.distribution == "code":  # there is nothing to install or to switch off
            diagnosis = attrs.evolve(diagnosis, remedy="mend its lifespan; the log has the whole error")
        aside = SetAside(agent.key, agent.distribution, agent.version, "quarantined", diagnosis, agent.route)
        return attrs.evolve(
            self,
            agents=tuple(other for other in self.agents if other is not agent),
            set_aside=tuple(
                sorted((*self.set_aside, aside), key=attrgetter("key", "distribution", "version", "state"))
            ),
        )

    def after(self, earlier: HostPlan) -> HostPlan:
        """The same plan where ``earlier`` is served: who is reached by a SIP alias keeps it against newcomers."""
        contested = self.aliases.conflicts
        kept = [SipAlias(user, key) for user, key in earlier.aliases.agents.items() if key in contested.get(user, ())]
        stamps = {**self.stamps, **earlier.stamps}  # what has been imported once stays what it was
        return attrs.evolve(self.with_aliases(kept) if kept else self, stamps=stamps)

    def with_failed_plugin(self, key: str, error: BaseException) -> HostPlan:
        """The same plan after a plugin failed while the host took shape."""
        plugins = tuple(plugin.quarantined(error) if plugin.key == key else plugin for plugin in self.plugins)
        return attrs.evolve(self, plugins=plugins, sip=self.sip.without(key))

    def route_of(self, name: str) -> str | None:
        """The route of the served agent of this key or name; None without one."""
        agent = self.find(name)
        return None if agent is None else agent.route

    def find(self, name: str) -> Mounted | None:
        """The served agent of this key, else the only one of this name."""
        return self._known.get(name)

    def sibling(self, name: str) -> Mounted:
        """The served agent that a call is handed over to.

        Raises:
            LookupError: no such agent is served.
        """
        agent = self.find(name)
        if agent is None:
            msg = f"the call should be handed over to {name!r}, but no agent of this name is served here"
            raise LookupError(msg)
        return agent

    def report(self) -> dict[str, Any]:
        """The plan as data, for ``--json``."""
        rows: list[Mounted | SetAside] = [*self.agents, *self.set_aside]
        return {
            "agents": [row.report() for row in rows],
            "plugins": [plugin.report() for plugin in self.plugins],
            "state": self.state.report(),
            "warnings": list(self.warnings),
            "findings": list(self.findings),
            "problems": self.problems,
        }


def make_plan(config: Config, loaded: Loaded) -> HostPlan:
    """Decide what is served, and where."""
    limits = Limits.for_all(config.host)
    state = choose_provider(config, loaded.state_providers, loaded.plugins)
    stateless = [state.problem] if state.problem is not None and loaded.state_providers else []
    redactors, unknown = choose_redactors(config, loaded.redactors)
    set_aside = [
        SetAside(item.key, item.distribution, item.version, "quarantined", item.diagnosis) for item in loaded.rejected
    ]
    set_aside += [
        SetAside(item.key, item.candidate.distribution, item.candidate.version, "disabled", None, item.config.route)
        for item in loaded.disabled
    ]
    claims: dict[str, list[Built]] = {}
    for item in loaded.built:
        route = _route(item)
        if problem := route_problem(route, program=item.distribution == "code"):
            remedy = f'[{key_path("agents", item.key)}] route = "/{_plain(item.key)}" in agenthost.toml'
            set_aside.append(_refused(item, route, "quarantined", Diagnosis(problem, remedy)))
        elif route == config.sip.path:
            remedy = "choose another [sip] path, or another route for the agent, in agenthost.toml"
            reason = f"route {route!r} is where SIP is answered"
            set_aside.append(_refused(item, route, "conflict", Diagnosis(reason, remedy)))
        else:
            claims.setdefault(route, []).append(item)
    mounted: list[Mounted] = []
    unopposed: list[tuple[str, Built]] = []
    for route, items in sorted(claims.items(), key=_first_mounts_first):
        chosen = _chosen(items)
        set_aside += [
            _refused(item, route, "conflict", _conflict(item, route, items)) for item in items if item is not chosen
        ]
        if chosen is not None:
            unopposed.append((route, chosen))
    by_key = {item.key: item.agent for _, item in unopposed}
    for route, item in members_first(unopposed, lambda each: each[1].agent, lambda each: each[1].key):

        def why_not(name: str) -> str:
            return _why_not(name, set_aside)

        outcome = _mount_member(item, route, mounted, by_key, why_not, limits)
        (mounted if isinstance(outcome, Mounted) else set_aside).append(outcome)  # type: ignore[arg-type]
    return HostPlan(
        agents=tuple(sorted(mounted, key=attrgetter("route"))),
        set_aside=tuple(sorted(set_aside, key=attrgetter("key", "distribution", "version", "state"))),
        plugins=loaded.plugins,
        configure_app=loaded.configure_app,
        unfitting=(*config.warnings, *loaded.warnings, *stateless, *unknown),
        state=state,
        classifiers=choose_classifiers(config, loaded.classifiers),
        detectors=tuple(detector for _, detector in loaded.escalation_detectors),
        probes=loaded.health_probes,
        lifespans=loaded.lifespans,
        observers=loaded.observers,
        models=choose_models(config, loaded.chat_models, [agent.model for agent in mounted if agent.model is not None]),
        redactors=redactors,
        limits=limits,
        sip=SipSources(config.sip, loaded.sip_aliases, loaded.resolve_sip),
        stamps=loaded.stamps,
        registry=loaded.registry,
    ).with_aliases(())


def _first_mounts_first(claim: tuple[str, Sequence[Built]]) -> tuple[bool, str]:
    """Second mounts come last, so that an agent that can be mounted once is mounted where its package wants it."""
    route, items = claim
    return all(item.config.use is not None for item in items), route


def _route(item: Built) -> str:
    """Configuration's route, else the agent's own, else its entry point's name."""
    route = item.config.route or declared(item.agent).route
    return normalise(route) if route is not None else f"/{item.key.rpartition(':')[2]}"


def _chosen(claims: Sequence[Built]) -> Built | None:
    """Who serves a route: its only claimant, who serves it already, or the only one that configuration put there."""
    if len(claims) == 1:
        return claims[0]
    served = [item for item in claims if item.served is not None]
    if len(served) == 1:
        return served[0]
    configured = [item for item in claims if item.config.route is not None]
    return configured[0] if len(configured) == 1 else None


def _conflict(item: Built, route: str, claims: Iterable[Built]) -> Diagnosis:
    others = " and ".join(
        sorted(f"{other.distribution} {other.version} ({other.key})" for other in claims if other is not item)
    )
    key = item.key
    free = f"/{_plain(key)}"
    elsewhere = free if free != route else f"{route if route != '/' else ''}/{_plain(item.distribution)}"
    return Diagnosis(
        f"route {route!r} is also claimed by {others}",
        f'choose in agenthost.toml: [{key_path("agents", key)}] route = "{elsewhere}" moves it, '
        f'route = "{route}" gives it the route',
    )


def _plain(text: str) -> str:
    """A route segment made from a key."""
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text.lower()).strip("-.") or "agent"
    )


def _why_not(name: str, set_aside: Iterable[SetAside]) -> str:
    """Why there is no agent of this name."""
    item = next((item for item in set_aside if item.key == name), None)
    if item is None:
        return "no agent of this name is installed"
    return f"{item.state}: {item.diagnosis.reason}" if item.diagnosis is not None else item.state


def _mount_member(
    item: Built,
    route: str,
    mounted: Iterable[Mounted],
    agents: Mapping[str, AgentBase],
    why_not: Callable[[str], str],
    limits: Limits,
) -> Mounted | SetAside:
    """Mount an agent; a workflow is told its agents first.

    Args:
        item: the agent.
        route: where it is mounted.
        mounted: those that are mounted already; the agents of a workflow are among them.
        agents: all that are to be mounted, by key.
        why_not: why an agent is not served.
        limits: those of agents that have none of their own.
    """
    names = members_of(item.agent)
    if isinstance(item.agent, Workflow) and not declared(item.agent).sealed:
        way = circle(item.key, {**{agent.key: agent.agent for agent in mounted}, **agents})
        if way:
            return _refused(item, route, "quarantined", in_a_circle(way))
        known = by_name((agent.key, agent.name, agent) for agent in mounted)
        found = (known[name] for name in names if name in known)
        there = {agent.key: choice_of(agent.key, agent.agent) for agent in found}
        if names and not there:
            return _refused(item, route, "quarantined", nobody_left({name: why_not(name) for name in names}))
        try:
            item.agent.meet(tuple(there.values()))
        except Exception as error:  # noqa: BLE001 - an author's code
            reason = f"it cannot describe its agents: {type(error).__name__}: {error}"
            return _refused(item, route, "quarantined", Diagnosis(reason, f"pip install --upgrade {item.distribution}"))
    return _mount(item, route, limits)


def _mount(item: Built, route: str, limits: Limits) -> Mounted | SetAside:
    own = declared(item.agent)
    if item.served is not None and item.served.route == route:
        now = limits.for_agent(item.config, own.busy)
        return item.served if item.served.limits == now else attrs.evolve(item.served, limits=now)
    if own.sealed:
        reason = "this very agent is already mounted elsewhere; a second mount needs a class or a factory"
        remedy = f"let {item.distribution} offer its class as the entry point, or remove the second mount"
        return _refused(item, route, "quarantined", Diagnosis(reason, remedy))
    try:
        found = own.elsewhere.probes if own.elsewhere is not None else probes_of(item.agent)
        probes = tuple(attrs.evolve(probe, agent=item.key) for probe in found)
        template = seal(item.agent)
    except DefinitionError as error:
        remedy = f"pip install --upgrade {item.distribution}"
        return _refused(item, route, "quarantined", Diagnosis(str(error), remedy))
    return Mounted(
        key=item.key,
        name=own.name,
        route=route,
        distribution=item.distribution,
        version=item.version,
        agent=item.agent,
        tools={name: runnable(item.agent, tool) for name, tool in own.draft.tools.items() if isinstance(tool, Tool)},
        template=template,
        fallback=own.fallback,
        sip=() if item.config.use else own.sip,
        functions=tuple(own.draft.tools),
        dynamic=bool(own.per_call),
        routing=own.routing,
        debug_handler=own.debug_handler,
        alone=own.alone,
        mcp_server=own.mcp_server,
        again=item.config.use is not None,
        probes=probes,
        model=item.config.model,
        limits=limits.for_agent(item.config, own.busy),
        built=item,
        isolation="thread" if own.elsewhere is None else "process",
    )


def _refused(item: Built, route: str, state: str, diagnosis: Diagnosis) -> SetAside:
    return SetAside(item.key, item.distribution, item.version, state, diagnosis, route)
