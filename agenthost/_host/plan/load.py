"""Loading: from entry points to built agents and registered plugins, each guarded."""

from __future__ import annotations

from collections import Counter
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from agenthost._discovery import AGENTS, PLUGINS, Candidate, discover, requirement_problem
from agenthost._host.config.declaration import keys_of
from agenthost._host.config.place import key_path
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.generations.owners import Owners, full_key
from agenthost._host.packages.crash_journal import Journal
from agenthost._host.packages.diagnosis import Diagnosis, diagnose
from agenthost._host.packages.foreign_modules import ModuleCheck
from agenthost._host.packages.guarded_run import Failed, run_guarded
from agenthost._host.packages.instantiate import Adapters, Section, agent_of, make_offered
from agenthost._host.packages.loading_guard import LoadingGuard
from agenthost._host.packages.plugins import Plugins, PluginState
from agenthost._host.packages.providers import configured_kinds
from agenthost._host.packages.selection import SelectedAgent, Selection, select, unmatched_patterns
from agenthost._host.packages.stages import Built, Extensions, Loaded, Rejected
from agenthost._host.plan.workflow_members import members_of
from agenthost._version import __version__
from agenthost.agent.base import AgentBase, declared
from agenthost.errors import ConfigurationError, DefinitionError, UnsupportedHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from agenthost._host.generations.locked import Lock, LockedAgent
    from agenthost._host.peers.peer_agent import PeerAgent

__all__ = ["build_agents", "load", "load_for_program", "pending_agents"]


def load(
    config: Config,
    candidates: Sequence[Candidate],
    stays: Callable[[SelectedAgent], Built | Rejected | None] = lambda _: None,
    plugins: Plugins | None = None,
    owners: Owners | None = None,
    unapproved: Mapping[str, Diagnosis] = MappingProxyType({}),
    stand_ins: Mapping[str, Built] = MappingProxyType({}),
    lock: Lock | None = None,
    *,
    serving: bool = False,
) -> Loaded:
    """Import and build everything that is enabled.

    The failure of a package never raises.

    ``stays`` gives what an agent has become already, if that can stay as it is; None builds it. ``plugins`` are those
    that are registered already; None registers them. ``owners`` are holders of keys, routes and SIP aliases, as they
    were decided before. ``unapproved`` are distributions that must not be loaded, each with the reason.
    ``stand_ins`` take the places of their agents, by full key. ``lock`` says what is known of agents that are to be
    built later; None builds all of them. With ``serving``, modules that only requests need are imported, too.
    """
    plugins = plugins or Plugins.load(config, [each for each in candidates if each.distribution not in unapproved])
    plugins.timeout = config.host.build_timeout
    owners = owners or Owners()
    selection = select(config, candidates, owners)
    items = selection.wanted
    kept = {item.key: there for item in items if item.served and (there := stays(item)) is not None}
    building = [item for item in items if item.served and item.key not in kept]
    enabled = [item for item in building if item.distribution not in unapproved]
    pending = pending_agents(config, enabled, lock)
    enabled = [item for item in enabled if item.key not in pending]
    adapters = plugins.implementations("adapt_agent")
    offered, failed, undone = build_agents(config, enabled, adapters)
    rejected = [
        Rejected(SelectedAgent(each.key, each.candidate, AgentConfig()), each.diagnosis, "conflict")
        for each in selection.contested
    ]
    for item in [each for each in building if each.distribution in unapproved]:
        if item.full_key in stand_ins:
            offered.append(Built(item, stand_ins[item.full_key].agent))
        else:
            rejected.append(Rejected(item, unapproved[item.distribution]))
    known = {item.full_key for item in items}
    offered += [built for full_key, built in stand_ins.items() if full_key not in known]
    rejected += [*failed, *(each for each in kept.values() if isinstance(each, Rejected))]
    held = owners.with_keys({item.key: item.distribution for item in items if ":" not in item.key})
    from_hooks, switched_off = _from_hooks(plugins, config, {item.key for item in items}, held)
    elsewhere = {item.key: item for item in items if item.left_out_here}
    taken = {*(item.key for item in items if item.key not in elsewhere), *(item.key for item in from_hooks)}
    configured_ones, refused, others = _from_tables(config, taken)
    of_peers, refused_too = _from_peers(config, {*taken, *(item.key for item in configured_ones)}, elsewhere)
    reached = {item.key for item in of_peers}
    in_code = {*(item.key for item in from_hooks), *(item.key for item in switched_off)}
    called = {name for item in (*offered, *from_hooks, *configured_ones) for name in members_of(item.agent)}
    if needed := [item for item, locked in pending.values() if not called.isdisjoint(_names(item, locked))]:
        more, failed, also_undone = build_agents(config, needed, adapters)
        offered, rejected, undone = [*offered, *more], [*rejected, *failed], (*undone, *also_undone)
        pending = {key: each for key, each in pending.items() if each[0] not in needed}
    extensions = Extensions.of(plugins).with_imports(plugins, config, serving=serving)
    staying = [each for each in kept.values() if isinstance(each, Built)]
    built = (*staying, *offered, *from_hooks, *configured_ones, *of_peers)
    return Loaded(
        extensions=extensions,
        registry=plugins,
        built=built,
        rejected=(*rejected, *refused, *refused_too),
        plugins=(*plugins.states, *_unapproved_plugins(candidates, unapproved)),
        left_out=tuple(
            item
            for item in (*(item for item in items if not item.served), *switched_off, *others)
            if item.key not in reached
        ),
        stamps={candidate.distribution: candidate.stamp() for candidate in candidates},
        owners=held.with_keys({item.key: item.selected.distribution for item in from_hooks if ":" not in item.key}),
        changes=(*plugins.changes, *undone),
        installed=frozenset(candidate.distribution for candidate in candidates),
        pending=tuple(pending.values()),
        refusals=(
            *(sentence for key, sentence in selection.refusals.items() if key not in in_code),
            *unmatched_patterns(
                config, _all_names(selection, (*(item.selected for item in from_hooks), *switched_off), owners)
            ),
        ),
        warnings=(
            *plugins.warnings,
            *(sentence for key, sentence in selection.unfitting.items() if key not in in_code),
            *_not_isolated(config, from_hooks),
            *_not_served(extensions, built),
        ),
    )


def _all_names(selection: Selection, in_code: Iterable[SelectedAgent], owners: Owners) -> Iterator[str]:
    """Yield the names by which ``host.agents`` can mean an agent."""
    for item in (*selection.wanted, *in_code):
        yield from item.names(owners)
    for contested in selection.contested:
        yield from (contested.key, contested.candidate.name)


def build_agents(
    config: Config, items: Sequence[SelectedAgent], adapters: Adapters = ()
) -> tuple[list[Built], list[Rejected], tuple[str, ...]]:
    """Import and build agents.

    ``adapters`` are functions of the hook ``adapt_agent``, each with its plugin's key.

    Returns:
        Those that were built, those that failed, and sentences about packages that changed the process.
    """
    builder = _Builder(config, adapters)
    outcomes = run_guarded([partial(builder.build, item) for item in items], config.host.build_timeout)
    builder.close()
    done, failed = [], []
    for item, outcome in zip(items, outcomes, strict=True):
        if isinstance(outcome, Failed):
            failed.append(Rejected(item, diagnose(outcome.error, item.candidate, item.key)))
        else:
            done.append(Built(item, outcome))
    return done, failed, builder.changes


def pending_agents(
    config: Config, enabled: Sequence[SelectedAgent], lock: Lock | None
) -> dict[str, tuple[SelectedAgent, LockedAgent]]:
    """Return the agents that can be built later, by key.

    Nobody else claims their routes, and no configured workflow calls them.
    """
    if lock is None:
        return {}
    known = {item.key: (item, locked) for item in enabled if (locked := _known(item, lock)) is not None}
    called = {name for table in config.workflows.values() for name in table.agents}
    routes = Counter(_route_of(item, locked) for item, locked in known.values())
    return {
        key: (item, locked)
        for key, (item, locked) in known.items()
        if routes[_route_of(item, locked)] == 1 and called.isdisjoint(_names(item, locked))
    }


def _known(item: SelectedAgent, lock: Lock) -> LockedAgent | None:
    """Return the locked values of an agent that was built at that time, or None."""
    locked = item.locked_in(lock) if item.offer is not None else None
    return locked if locked is not None and locked.route is not None and locked.key == item.key else None


def _names(item: SelectedAgent, locked: LockedAgent) -> tuple[str | None, ...]:
    """Return all that names an agent that is not built."""
    return item.key, item.full_key, item.candidate.name, locked.name, _route_of(item, locked)


def _route_of(item: SelectedAgent, locked: LockedAgent) -> str | None:
    return item.config.route or locked.route


def _unapproved_plugins(candidates: Sequence[Candidate], unapproved: Mapping[str, Diagnosis]) -> Iterator[PluginState]:
    for each in candidates:
        if each.group == PLUGINS and each.distribution in unapproved:
            diagnosis = unapproved[each.distribution]
            yield PluginState(each.name, each.distribution, each.version, "quarantined", diagnosis=diagnosis)


def load_for_program(config: Config, registered: Sequence[Built]) -> Loaded:
    """Load for a program that registers its agents itself.

    This includes the built-in plugins. Installed plugins are loaded only if no built-in one opens the configured store,
    makes a model or classifier of a configured kind, or serves MCP clients of an agent that has enabled it. The failure
    of a package never raises.
    """
    plugins = Plugins.load(config, ())
    states = plugins.states
    extensions = Extensions.of(plugins)
    if missing := _missing(config, extensions, registered):
        installed = Plugins.load(config, discover((PLUGINS,)))
        extensions = extensions.with_hooks(installed, missing).with_imports(installed, config, serving=True)
        if not _opens(config, extensions):  # the start fails there, and reports the plugin that would open it
            states = installed.states
    taken = {item.key for item in registered}
    configured_ones, refused, others = _from_tables(config, taken)
    of_peers, refused_too = _from_peers(config, taken | {item.key for item in configured_ones}, {})
    isolated = [item for item in registered if _section(config, item.key).isolation == "process"]
    in_code = tuple(
        Rejected(item.selected, Diagnosis(_IN_CODE, _remove_isolation(config, item.key))) for item in isolated
    )
    return Loaded(
        extensions=extensions,
        plugins=states,
        registry=plugins,
        built=(*(item for item in registered if item not in isolated), *configured_ones, *of_peers),
        rejected=(*refused, *refused_too, *in_code),
        left_out=others,
        warnings=(*_not_isolated(config, registered), *_not_served(extensions, registered)),
    )


_IN_CODE = "it is made in code, so it cannot be rebuilt in a separate process"


def _section(config: Config, key: str) -> AgentConfig:
    return config.agents.get(key, AgentConfig())


def _remove_isolation(config: Config, key: str) -> str:
    return (
        f"let a package offer it in the entry-point group {AGENTS}, "
        f"or remove {key_path('agents', key)}.isolation from {config.place('agents', key, 'isolation').in_file}"
    )


def _not_isolated(config: Config, made: Sequence[Built]) -> tuple[str, ...]:
    """Return warnings about agents that the host should isolate, but cannot."""
    if config.host.isolation != "process":
        return ()
    return tuple(
        f"{config.place('host', 'isolation')}: agent {item.key!r} stays in the host: {_IN_CODE}"
        for item in made
        if _section(config, item.key).isolation is None
    )


def _not_served(extensions: Extensions, made: Sequence[Built]) -> tuple[str, ...]:
    """Return warnings about agents whose MCP clients no plugin serves."""
    if extensions.mcp_servers:
        return ()
    return tuple(
        f"agent {item.key!r} calls enable_mcp_server, and no plugin serves its clients. fix: pip install agenthost-mcp"
        for item in made
        if declared(item.agent).mcp_server
    )


def _missing(config: Config, extensions: Extensions, registered: Sequence[Built]) -> list[str]:
    """Return the hooks that the configuration or an agent needs and no plugin provides."""
    models = {provider.kind for _, provider in extensions.chat_models}
    classifiers = {provider.kind for _, provider in extensions.classifiers}
    needed = {
        "state_providers": not _opens(config, extensions),
        "chat_models": bool(configured_kinds(config.models) - models),
        "classifiers": bool(configured_kinds(config.classifiers) - classifiers),
        "mcp_servers": bool(_not_served(extensions, registered)),
    }
    return [hook for hook, is_needed in needed.items() if is_needed]


def _opens(config: Config, extensions: Extensions) -> bool:
    return any(config.state.scheme in provider.schemes for _, provider in extensions.state_providers)


@frozen
class _Builder:
    """Builds the agents of one load, one at a time."""

    config: Config
    adapters: Adapters = ()
    problems: dict[str, str | None] = field(factory=dict)
    """By distribution, the reason that it excludes this host, or None."""
    guard: LoadingGuard = field(factory=LoadingGuard)
    modules: ModuleCheck = field(factory=ModuleCheck)
    journal: Journal = field(init=False)
    """It records packages that kill the process."""

    @journal.default
    def _open_journal(self) -> Journal:
        return Journal(self.config.host.state_dir)

    @property
    def changes(self) -> tuple[str, ...]:
        return self.guard.changes

    def close(self) -> None:
        self.journal.forget()
        self.guard.close()

    def build(self, item: SelectedAgent) -> AgentBase:
        """Import a candidate and create its agent.

        An isolated agent is imported and created in its own process.

        Raises:
            BaseException: the package raised it.
        """
        offer, config = item.candidate, self.config
        if offer.distribution not in self.problems:
            self.problems[offer.distribution] = requirement_problem(offer, __version__)
        if problem := self.problems[offer.distribution]:
            raise UnsupportedHost(problem)
        if (item.config.isolation or config.host.isolation) == "process":
            from agenthost._host.isolation.stand_in import NotIsolatable, isolated  # noqa: PLC0415 - only where something is isolated

            try:
                return isolated(offer, item.key, item.config, config, self._adapting())
            except NotIsolatable:
                if item.config.isolation is not None or item.config.run_as is not None:
                    raise
        with self.journal.loading(offer.distribution, offer.version, offer.value), self.guard.around(offer.package):
            place, reserved = item.config.place or config.place("agents", item.key), tuple(keys_of(AgentConfig))
            thing = make_offered(offer.value, Section("agent", item.config.settings, place, reserved))
            self.modules.refuse_foreign(offer)
        return agent_of(offer.value, thing, self.adapters)

    def _adapting(self) -> tuple[str, ...]:
        """Return the entry points of plugins that make agents of other objects."""
        if not self.adapters:
            return ()
        keys = {key for key, _ in self.adapters}
        offers = discover((PLUGINS,))
        return tuple(each.value for each in offers if keys & {each.name, f"{each.distribution}:{each.name}"})


def _from_tables(
    config: Config, taken: set[str]
) -> tuple[tuple[Built, ...], tuple[Rejected, ...], tuple[SelectedAgent, ...]]:
    """Build configured workflows, except for wrong ones and those of other hosts."""
    made: list[Built] = []
    refused: list[Rejected] = []
    others: list[SelectedAgent] = []
    where = config.where
    for name, table in config.workflows.items():
        if not table.enabled:
            continue
        selected = SelectedAgent.in_code(name, AgentConfig(route=table.route, model=table.model), where)
        if not config.host.serves(*filter(None, (name, table.route))):
            others.append(evolve(selected, here=False))
            continue
        if name in taken:
            reason = f"{config.place('workflows', name)}: there already is an agent with this name"
            refused.append(Rejected(selected, Diagnosis(reason, f"choose another name for it in {where}")))
            continue
        try:
            from agenthost._host.plan.configured_workflows import built_workflow  # noqa: PLC0415 - if there is one

            workflow = built_workflow(name, table, config.place("workflows", name))
        except ConfigurationError as error:
            reason, _, remedy = str(error).rpartition(". ")
            refused.append(Rejected(selected, Diagnosis(reason or str(error), remedy or f"correct it in {where}")))
        else:
            made.append(Built(selected, workflow))
    return tuple(made), tuple(refused), tuple(others)


def _from_peers(
    config: Config, taken: set[str], elsewhere: Mapping[str, SelectedAgent]
) -> tuple[tuple[Built, ...], tuple[Rejected, ...]]:
    """Build the agents of peers, of which each key may have one.

    ``elsewhere`` are installed agents that this host does not serve: a peer serves them under their own identity.
    """
    if not config.peers:
        return (), ()
    from agenthost._host.peers.peer_agent import peer_agents  # noqa: PLC0415 - only for hosts with peers

    made: list[Built] = []
    refused: list[Rejected] = []
    balanced: dict[str, PeerAgent] = {}
    for name, table in config.peers.items():
        place = config.place("peers", name)
        for key, agent in peer_agents(name, table, place).items():
            if table.balanced and key in balanced:
                balanced[key].share_with(agent)
                continue
            selected = evolve(
                elsewhere.get(key, SelectedAgent.in_code(key, AgentConfig(), config.where)),
                config=AgentConfig(),
                here=True,
            )
            if key in taken and table.url is None and name == config.host.announce:  # a copy of this host
                continue
            if key in taken:
                reason = f"{place.at('agents')}: {key!r} is served by this host, or by another peer"
                remedy = f"remove {key!r} from one of them in {config.where}, or set balanced = true in both peers"
                refused.append(Rejected(evolve(selected, key=f"{name}:{key}"), Diagnosis(reason, remedy), "conflict"))
                continue
            taken.add(key)
            made.append(Built(selected, agent))
            if table.balanced:
                balanced[key] = agent
    return tuple(made), tuple(refused)


def _from_hooks(
    plugins: Plugins, config: Config, keys: set[str], owners: Owners
) -> tuple[list[Built], list[SelectedAgent]]:
    """Return the agents that plugins make in code, and those not to be served."""
    made: list[Built] = []
    left_out: list[SelectedAgent] = []
    for plugin, agent in plugins.values("agents", AgentBase):
        owner = plugins.state_of(plugin)
        if owner is None or owner.state != "ready":
            continue
        try:
            name = declared(agent).name
        except DefinitionError as error:
            plugins.failed(plugin, error)
            continue
        full = full_key(owner.distribution, name)
        owns = name not in keys and owners.keys.get(name, owner.distribution) == owner.distribution
        key = name if owns else full
        keys.add(key)
        section = config.agents.get(full) or _section(config, key)
        selected = SelectedAgent(key, owner.as_candidate(), section)
        selected = selected.narrowed(config.host, owners)
        if not selected.served:
            left_out.append(selected)
        elif section.isolation == "process":
            problem = f"agent {key!r}: {_IN_CODE}; {_remove_isolation(config, key)}"
            plugins.failed(plugin, DefinitionError(problem))
        else:
            made.append(Built(selected, agent))
    return made, left_out
