"""Plugins: registered one at a time, and asked through their hooks, each guarded by itself.

Hooks declare and objects act: everything here happens at start-up, and what plugins said is handed on as tuples.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import pluggy
from attrs import frozen

from agenthost import __version__, hookspecs
from agenthost._host.config import FILE
from agenthost._host.discovery import PLUGINS, Candidate, requirement_problem
from agenthost._host.guard import Failed, run_guarded
from agenthost._host.journal import Journal
from agenthost._host.key_paths import key_path
from agenthost._host.remedies import Diagnosis, diagnose
from agenthost._host.settings import build_settings
from agenthost.errors import ConfigurationError, DefinitionError, UnsupportedHost

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from agenthost._host.config import Config

__all__ = ["BUILT_IN", "PluginState", "Plugins", "built", "kind_of", "refuse_settings", "resolve"]

T = TypeVar("T")

BUILT_IN = (
    "agenthost.builtin.card_numbers",
    "agenthost.builtin.model_offline",
    "agenthost.builtin.model_openai",
    "agenthost.builtin.classifier_embeddings",
    "agenthost.builtin.classifier_lexical",
    "agenthost.builtin.classifier_llm",
    "agenthost.builtin.escalation",
    "agenthost.builtin.probes",
    "agenthost.builtin.state_memory",
    "agenthost.builtin.state_sqlite",
)
"""Plugins that are there without being installed; they are named by their modules."""


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


class Plugins:
    """The plugins of one start, registered; see ``load``.

    Args:
        manager: where they are registered.
        states: every plugin with its state.
        timeout: seconds that one implementation of a hook may take.
        warnings: sentences about configuration that fits no plugin.
    """

    def __init__(
        self, manager: pluggy.PluginManager, states: Iterable[PluginState], timeout: float, warnings: Iterable[str]
    ) -> None:
        self._manager = manager
        self._states = {state.key: state for state in states}
        self._timeout = timeout
        self.warnings = tuple(warnings)

    @classmethod
    def load(cls, config: Config, candidates: Iterable[Candidate]) -> Plugins:
        """Import and register what is enabled; never raises for what a plugin does."""
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        for name in BUILT_IN:
            manager.register(importlib.import_module(name), name)
        offers = [candidate for candidate in candidates if candidate.group == PLUGINS]
        enabled = [offer for offer in offers if config.plugins.allows(offer.name)]
        states = [PluginState(o.name, o.distribution, o.version, "disabled") for o in offers if o not in enabled]
        journal = Journal(config.host.state_dir)
        jobs = [partial(_register, manager, offer, config, journal) for offer in enabled]
        for offer, outcome in zip(enabled, run_guarded(jobs, config.host.build_timeout), strict=True):
            if isinstance(outcome, Failed):
                diagnosis = diagnose(outcome.error, offer, offer.name)
                states.append(PluginState(offer.name, offer.distribution, offer.version, "quarantined", (), diagnosis))
            else:
                states.append(PluginState(offer.name, offer.distribution, offer.version, "ready", outcome))
        journal.forget()
        states.sort(key=attrgetter("distribution", "name"))
        return cls(manager, states, config.host.build_timeout, _unknown(config, offers))

    @property
    def states(self) -> tuple[PluginState, ...]:
        """Every plugin with its state, in order of distributions and names."""
        return tuple(self._states.values())

    def state_of(self, key: str) -> PluginState | None:
        """The state of an installed plugin; None for one that is built in."""
        return self._states.get(key)

    def values(self, hook: str, kind: type[T]) -> tuple[tuple[str, T], ...]:
        """What plugins declare through a hook that gives several values, each with its plugin's key.

        A plugin whose implementation raises, takes too long or gives something else is quarantined, and says nothing
        through this hook; the others are heard.

        Args:
            hook: the hook's name.
            kind: what its values are.
        """
        implementations = self.implementations(hook)
        jobs = [partial(_given, hook, function, kind) for _, function in implementations]
        found: list[tuple[str, T]] = []
        for (key, _), outcome in zip(implementations, run_guarded(jobs, self._timeout), strict=True):
            if isinstance(outcome, Failed):
                self.failed(key, outcome.error)
            else:
                found += [(key, value) for value in outcome]
        return tuple(found)

    def implementations(self, hook: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
        """The functions that implement a hook, each with its plugin's key: what is built in first, then by key."""
        impls = getattr(self._manager.hook, hook).get_hookimpls()
        found = [(impl.plugin_name, impl.function) for impl in impls if self._takes_part(impl.plugin_name)]
        return tuple(sorted(found, key=lambda item: (item[0] not in BUILT_IN, item[0])))

    def failed(self, key: str, error: BaseException) -> None:
        """Set a plugin aside after one of its hooks failed.

        Raises:
            BaseException: ``error``, where the plugin is built in: that is no stranger's mistake.
        """
        if key not in self._states:
            raise error
        self._states[key] = self._states[key].quarantined(error)

    def _takes_part(self, key: str) -> bool:
        state = self._states.get(key)
        return key in BUILT_IN or (state is not None and state.state == "ready")


def built(cls: type, section: Mapping[str, object], where: str, key: str, reserved: Collection[str] = ()) -> Any:
    """Make what an entry point offers as a class: with its ``Settings`` where it declares them, else without arguments.

    Args:
        cls: the class.
        section: its keys in the configuration.
        where: the file, for errors.
        key: the key path of the section, for errors.
        reserved: keys of the same section that the host reads itself.

    Raises:
        ConfigurationError: the section does not fit.
    """
    declares = getattr(cls, "Settings", None)
    if isinstance(declares, type) and attrs.has(declares):
        return cls(build_settings(declares, section, where, key, reserved=reserved))
    refuse_settings(section, where, key)
    return cls()


def refuse_settings(section: Mapping[str, object], where: str, key: str) -> None:
    """Refuse a section for what takes no settings.

    Raises:
        ConfigurationError: there is something in it.
    """
    if section:
        what = "agent" if key.startswith("agents") else "plugin"
        raise ConfigurationError(
            f"{where}: {key}: this {what} takes no settings, but has {', '.join(section)}. Remove them."
        )


def resolve(value: str) -> Any:
    """Import what an entry point names: ``module`` or ``module:attribute``."""
    module, _, attribute = value.partition(":")
    resolved = importlib.import_module(module.strip())
    attribute = attribute.partition("[")[0].strip()
    return attrgetter(attribute)(resolved) if attribute else resolved


def kind_of(thing: object) -> str:
    """What to call a value that should have been something else."""
    return "nothing" if thing is None else f"{type(thing).__name__} object"


def _register(manager: pluggy.PluginManager, candidate: Candidate, config: Config, journal: Journal) -> tuple[str, ...]:
    """Import a plugin and register it, all or nothing; gives the names of its hooks."""
    if problem := requirement_problem(candidate, __version__):
        raise UnsupportedHost(problem)
    with journal.loading(candidate.distribution, candidate.version, candidate.value):
        plugin = resolve(candidate.value)
    section = config.plugins.settings.get(candidate.name, {})
    where, key = config.source or FILE, key_path("plugins", candidate.name)
    if isinstance(plugin, type):
        plugin = built(plugin, section, where, key)
    else:
        refuse_settings(section, where, key)
    name = f"{candidate.distribution}:{candidate.name}"
    manager.register(plugin, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        manager.unregister(name=name)
        raise
    return tuple(sorted(caller.name for caller in manager.get_hookcallers(plugin) or ()))


def _given(hook: str, implementation: Callable[[], Iterable[T]], kind: type[T]) -> list[T]:
    given: object = implementation()
    if not isinstance(given, Iterable):
        raise DefinitionError(f"its hook {hook}() gives {kind_of(given)}, not a list of {kind.__name__}")
    found = list(given)
    for value in found:
        if not isinstance(value, kind):
            raise DefinitionError(f"its hook {hook}() gives {kind_of(value)}, not {_a(kind.__name__)}")
    return found


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOU" else f"a {noun}"


def _unknown(config: Config, offers: Iterable[Candidate]) -> list[str]:
    """Sentences about plugins that configuration names and nobody offers."""
    offered = {candidate.name for candidate in offers}
    named = [("plugins.disable", name) for name in config.plugins.disable]
    named += [("plugins.only", name) for name in config.plugins.only or ()]
    named += [(key_path("plugins", name), name) for name in config.plugins.settings]
    return [
        f"{key}: no installed package offers the plugin {name!r}. agenthost plugins lists them."
        for key, name in named
        if name not in offered
    ]
