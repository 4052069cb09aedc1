"""Loading: from entry points to built agents and registered plugins, each guarded by itself."""

from __future__ import annotations

import importlib
import inspect
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import attrs
import pluggy
from attrs import frozen

from agenthost import __version__, hookspecs
from agenthost._host.config import FILE, AgentConfig, Config, configured
from agenthost._host.discovery import PLUGINS, Candidate, discover, requirement_problem
from agenthost._host.guard import Failed, run_guarded
from agenthost._host.key_paths import key_path
from agenthost._host.remedies import Diagnosis, diagnose
from agenthost._host.selection import Wanted, select
from agenthost._host.settings import build_settings
from agenthost.agent import AgentBase, declared
from agenthost.errors import ConfigurationError, DefinitionError, UnsupportedHost
from agenthost.state import StateProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from attrs import AttrsInstance

__all__ = ["BUILT_IN", "Built", "Loaded", "PluginState", "Rejected", "load", "load_state_providers"]

BUILT_IN = ("agenthost.builtin.state_memory", "agenthost.builtin.state_sqlite")
"""Plugins that are there without being installed; they are named by their modules."""


@frozen
class Built:
    """An agent that was imported and made.

    Args:
        key: see ``Wanted``.
        distribution: the package that offers it; ``code`` when a program registered it.
        version: that package's version.
        agent: the agent.
        config: its section.
    """

    key: str
    distribution: str
    version: str
    agent: AgentBase
    config: AgentConfig


@frozen
class Rejected:
    """An agent that could not be made.

    Args:
        key: see ``Wanted``.
        distribution: the package that offers it.
        version: that package's version.
        diagnosis: what failed, and what to do about it.
    """

    key: str
    distribution: str
    version: str
    diagnosis: Diagnosis


@frozen
class PluginState:
    """A plugin that was asked for.

    Args:
        name: its entry-point name.
        distribution: the package that offers it.
        version: that package's version.
        state: ``ready``, ``disabled`` or ``quarantined``.
        hooks: names of the hooks that it implements.
        diagnosis: why it is quarantined.
    """

    name: str
    distribution: str
    version: str
    state: str
    hooks: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None

    @property
    def key(self) -> str:
        """``distribution:name``, by which a plugin is registered."""
        return f"{self.distribution}:{self.name}"

    def quarantined(self, error: BaseException) -> PluginState:
        """The same plugin after it failed."""
        return attrs.evolve(self, state="quarantined", diagnosis=diagnose(error, self.as_candidate(), self.name))

    def as_candidate(self) -> Candidate:
        """The plugin as discovery names it."""
        return Candidate(PLUGINS, self.name, "", self.distribution, self.version, "")


@frozen
class Loaded:
    """Everything that loading found out.

    Args:
        built: agents that can be planned.
        rejected: agents that cannot.
        disabled: agents that configuration switches off.
        plugins: every plugin with its state.
        configure_app: implementations of the hook of that name, each with its plugin's key.
        warnings: sentences about configuration that fits nothing installed.
        state_providers: what opens stores, each with its plugin's key.
    """

    built: tuple[Built, ...]
    rejected: tuple[Rejected, ...]
    disabled: tuple[Wanted, ...]
    plugins: tuple[PluginState, ...]
    configure_app: tuple[tuple[str, Callable[..., object]], ...]
    warnings: tuple[str, ...]
    state_providers: tuple[tuple[str, StateProvider], ...] = ()


def load(config: Config, candidates: Sequence[Candidate]) -> Loaded:
    """Import and build everything that is enabled; never raises for what a package does."""
    timeout = config.host.build_timeout
    plugins, manager = _load_plugins(config, candidates)
    items, unfitting = select(config, candidates)
    enabled = [item for item in items if item.config.enabled]
    problems: dict[str, str | None] = {}
    outcomes = run_guarded([partial(_build, item, config.source, problems) for item in enabled], timeout)
    built, rejected = [], []
    for item, outcome in zip(enabled, outcomes, strict=True):
        offer = item.candidate
        if isinstance(outcome, Failed):
            diagnosis = diagnose(outcome.error, offer, item.key)
            rejected.append(Rejected(item.key, offer.distribution, offer.version, diagnosis))
        else:
            built.append(Built(item.key, offer.distribution, offer.version, outcome, item.config))
    from_hooks, switched_off = _from_hooks(manager, config, {item.key for item in items}, plugins)
    built += from_hooks
    providers = _state_providers(manager, timeout, plugins)
    made = {*(item.key for item in from_hooks), *(item.key for item in switched_off)}
    ready = {plugin.key for plugin in plugins if plugin.state == "ready"}
    configure_app = manager.hook.configure_app.get_hookimpls()
    return Loaded(
        built=tuple(built),
        rejected=tuple(rejected),
        disabled=(*(item for item in items if not item.config.enabled), *switched_off),
        plugins=tuple(plugins),
        configure_app=tuple((impl.plugin_name, impl.function) for impl in configure_app if impl.plugin_name in ready),
        warnings=(
            *_unknown_plugins(config, candidates),
            *(sentence for key, sentence in unfitting.items() if key not in made),
        ),
        state_providers=providers,
    )


def load_state_providers(config: Config) -> tuple[tuple[str, StateProvider], ...]:
    """What opens stores, for a program that loads nothing else; never raises for what a package does.

    Installed plugins are asked only when no built-in one opens the configured store.
    """
    plugins, manager = _load_plugins(config, ())
    found = _state_providers(manager, config.host.build_timeout, plugins)
    if any(config.state.scheme in provider.schemes for _, provider in found):
        return found
    plugins, manager = _load_plugins(config, discover((PLUGINS,)))
    return _state_providers(manager, config.host.build_timeout, plugins)


def _build(item: Wanted, source: str | None, problems: dict[str, str | None]) -> AgentBase:
    """Import a candidate and make its agent.

    Raises:
        BaseException: whatever the package does.
    """
    _check_requirement(item.candidate, problems)
    offered = _resolve(item.candidate.value)
    if isinstance(offered, type) and issubclass(offered, AgentBase):
        settings = getattr(offered, "Settings", None)
        if isinstance(settings, type) and attrs.has(settings):
            agent: Any = offered(_settings(settings, item, source))  # type: ignore[arg-type]
        else:
            _refuse_settings(item, source)
            agent = offered()  # type: ignore[call-arg]
    else:
        _refuse_settings(item, source)
        agent = offered() if callable(offered) and not isinstance(offered, AgentBase) else offered
    if inspect.iscoroutine(agent):
        agent.close()
    if not isinstance(agent, AgentBase):
        msg = f"{item.candidate.value} gives {_kind(agent)}, not an agent (a subclass of agenthost.AgentBase)"
        raise DefinitionError(msg)
    declared(agent)
    return agent


def _settings(cls: type[AttrsInstance], item: Wanted, source: str | None) -> object:
    return build_settings(
        cls,
        item.config.settings,
        source or FILE,
        key_path("agents", item.key),
        reserved=tuple(configured(AgentConfig)),
    )


def _check_requirement(candidate: Candidate, problems: dict[str, str | None]) -> None:
    """Whether a distribution wants this host; ``problems`` remembers it for the other agents of the distribution."""
    if candidate.distribution not in problems:
        problems[candidate.distribution] = requirement_problem(candidate, __version__)
    if problem := problems[candidate.distribution]:
        raise UnsupportedHost(problem)


def _resolve(value: str) -> Any:
    module, _, attribute = value.partition(":")
    resolved = importlib.import_module(module.strip())
    attribute = attribute.partition("[")[0].strip()
    return attrgetter(attribute)(resolved) if attribute else resolved


def _refuse_settings(item: Wanted, source: str | None) -> None:
    if item.config.settings:
        names = ", ".join(item.config.settings)
        msg = f"{source}: {key_path('agents', item.key)}: this agent takes no settings, but has {names}. Remove them."
        raise ConfigurationError(msg)


def _kind(thing: object) -> str:
    return "nothing" if thing is None else f"{type(thing).__name__} object"


def _load_plugins(config: Config, candidates: Iterable[Candidate]) -> tuple[list[PluginState], pluggy.PluginManager]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in BUILT_IN:
        manager.register(importlib.import_module(name), name)
    offers = [candidate for candidate in candidates if candidate.group == PLUGINS]
    enabled = [offer for offer in offers if config.plugins.allows(offer.name)]
    states = [PluginState(o.name, o.distribution, o.version, "disabled") for o in offers if o not in enabled]
    jobs = [partial(_register, manager, offer) for offer in enabled]
    for offer, outcome in zip(enabled, run_guarded(jobs, config.host.build_timeout), strict=True):
        if isinstance(outcome, Failed):
            diagnosis = diagnose(outcome.error, offer, offer.name)
            states.append(PluginState(offer.name, offer.distribution, offer.version, "quarantined", (), diagnosis))
        else:
            states.append(PluginState(offer.name, offer.distribution, offer.version, "ready", outcome))
    return sorted(states, key=attrgetter("distribution", "name")), manager


def _unknown_plugins(config: Config, candidates: Iterable[Candidate]) -> list[str]:
    """Sentences about plugins that configuration names and nobody offers."""
    offered = {candidate.name for candidate in candidates if candidate.group == PLUGINS}
    named = [("disable", name) for name in config.plugins.disable]
    named += [("only", name) for name in config.plugins.only or ()]
    return [
        f"plugins.{key}: no installed package offers the plugin {name!r}. agenthost plugins lists them."
        for key, name in named
        if name not in offered
    ]


def _register(manager: pluggy.PluginManager, candidate: Candidate) -> tuple[str, ...]:
    """Import a plugin and register it, all or nothing; gives the names of its hooks."""
    _check_requirement(candidate, {})
    plugin = _resolve(candidate.value)
    name = f"{candidate.distribution}:{candidate.name}"
    manager.register(plugin, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        manager.unregister(name=name)
        raise
    return tuple(sorted(caller.name for caller in manager.get_hookcallers(plugin) or ()))


def _from_hooks(
    manager: pluggy.PluginManager, config: Config, keys: set[str], plugins: list[PluginState]
) -> tuple[list[Built], list[Wanted]]:
    """Agents that plugins make in code, and those of them that are disabled.

    A hook that fails puts its plugin in quarantine.
    """
    owners = _ready(plugins)
    impls = [impl for impl in manager.hook.agents.get_hookimpls() if impl.plugin_name in owners]
    jobs = [partial(_agents_of, cast("Callable[[], Iterable[AgentBase]]", impl.function)) for impl in impls]
    built: list[Built] = []
    disabled: list[Wanted] = []
    for impl, outcome in zip(impls, run_guarded(jobs, config.host.build_timeout), strict=True):
        owner = owners[impl.plugin_name]
        if isinstance(outcome, Failed):
            plugins[plugins.index(owner)] = owner.quarantined(outcome.error)
            continue
        for agent in outcome:
            name = declared(agent).name
            key = name if name not in keys else f"{owner.distribution}:{name}"
            keys.add(key)
            section = config.agents.get(key, AgentConfig())
            if section.enabled:
                built.append(Built(key, owner.distribution, owner.version, agent, section))
            else:
                disabled.append(Wanted(key, owner.as_candidate(), section))
    return built, disabled


def _agents_of(implementation: Callable[[], Iterable[AgentBase]]) -> list[AgentBase]:
    found = list(implementation())
    for agent in found:
        if not isinstance(agent, AgentBase):
            msg = f"its hook agents() gives {_kind(agent)}, not an agent"
            raise DefinitionError(msg)
        declared(agent)
    return found


def _state_providers(
    manager: pluggy.PluginManager, timeout: float, plugins: list[PluginState]
) -> tuple[tuple[str, StateProvider], ...]:
    """What plugins open stores with, each with its plugin's key.

    A hook that fails puts its plugin in quarantine.
    """
    owners = _ready(plugins)
    callers = manager.hook.state_providers.get_hookimpls()
    impls = [impl for impl in callers if impl.plugin_name in owners or impl.plugin_name in BUILT_IN]
    jobs = [partial(_providers_of, cast("Callable[[], Iterable[StateProvider]]", impl.function)) for impl in impls]
    found: list[tuple[str, StateProvider]] = []
    for impl, outcome in zip(impls, run_guarded(jobs, timeout), strict=True):
        if isinstance(outcome, Failed):
            owner = owners[impl.plugin_name]
            plugins[plugins.index(owner)] = owner.quarantined(outcome.error)
        else:
            found += [(impl.plugin_name, provider) for provider in outcome]
    return tuple(sorted(found, key=lambda item: (item[0], item[1].schemes)))


def _ready(plugins: Iterable[PluginState]) -> dict[str, PluginState]:
    return {plugin.key: plugin for plugin in plugins if plugin.state == "ready"}


def _providers_of(implementation: Callable[[], Iterable[StateProvider]]) -> list[StateProvider]:
    found = list(implementation())
    for provider in found:
        if not isinstance(provider, StateProvider):
            raise DefinitionError(f"its hook state_providers() gives {_kind(provider)}, not a StateProvider")
    return found
