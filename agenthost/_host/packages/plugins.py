"""Plugins: registered one at a time, and called through their hooks, each guarded.

Hooks declare, and objects act: everything here happens at start-up, and the declared values are passed on as tuples.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import pluggy
from attrs import frozen

from agenthost import hookspecs
from agenthost._discovery import PLUGINS, Candidate, requirement_problem
from agenthost._error_words import did_you_mean
from agenthost._host.config.place import key_path
from agenthost._host.packages.builtin_plugins import BUILT_IN, short_name
from agenthost._host.packages.crash_journal import Journal
from agenthost._host.packages.diagnosis import Diagnosis, diagnose
from agenthost._host.packages.foreign_modules import ModuleCheck
from agenthost._host.packages.guarded_run import Failed, run_guarded
from agenthost._host.packages.hook_trace import show, traced, tracing
from agenthost._host.packages.instantiate import Section, kind_of, make_instance, resolve
from agenthost._host.packages.loading_guard import LoadingGuard
from agenthost._version import __version__
from agenthost.errors import DefinitionError, UnsupportedHost

if TYPE_CHECKING:
    from collections.abc import Collection

    from agenthost._host.config.schema import Config

__all__ = [
    "BUILT_IN",
    "HOOKS",
    "PluginState",
    "Plugins",
    "built_in_plugins",
]

T = TypeVar("T")

HOOKS: Mapping[str, Callable[..., object]] = {
    name: specification
    for name in hookspecs.__all__
    if hasattr(specification := getattr(hookspecs, name), f"{hookspecs.PROJECT}_spec")
}
"""The specification of each hook, by name."""


@frozen
class PluginState:
    """The state of a plugin."""

    name: str
    distribution: str
    version: str
    state: str
    """``ready``, ``disabled`` or ``quarantined``; ``built in`` for one that is not installed."""
    hooks: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None
    doubled: bool = False
    """True if another distribution offers a plugin of the same name."""
    offer: Candidate | None = attrs.field(default=None, eq=False, repr=False)
    """Its entry point; None for a plugin of a program."""

    @property
    def key(self) -> str:
        """``distribution:name``, the registered name of a plugin."""
        return f"{self.distribution}:{self.name}"

    @property
    def called(self) -> str:
        """The name in messages."""
        return self.key if self.doubled else self.name

    def quarantined(self, error: BaseException) -> PluginState:
        """Return the plugin with a diagnosis of its failure."""
        diagnosis = diagnose(error, self.offer or self.as_candidate(), self.called)
        return attrs.evolve(self, state="quarantined", diagnosis=diagnosis)

    def report(self) -> dict[str, Any]:
        """Return the plugin for lists and ``--json``."""
        row: dict[str, Any] = {
            "plugin": self.name,
            "package": self.distribution,
            "version": self.version,
            "state": self.state,
            "hooks": list(self.hooks),
        }
        return row | (self.diagnosis.report() if self.diagnosis else {})

    def as_candidate(self) -> Candidate:
        """Return the plugin as a candidate of discovery."""
        return Candidate(PLUGINS, self.name, "", self.distribution, self.version, "")


class Plugins:
    """The registered plugins of one start, see ``load``.

    ``timeout`` is a number of seconds that one implementation of a hook may take. ``changes`` are sentences about
    plugins that changed the process while they were loaded.
    """

    def __init__(
        self,
        manager: pluggy.PluginManager,
        states: Iterable[PluginState],
        timeout: float,
        warnings: Iterable[str],
        changes: Iterable[str] = (),
    ) -> None:
        self._manager = manager
        self._states = {state.key: state for state in states}
        self.timeout = timeout
        """Seconds that one implementation of a hook may take, as each load sets it."""
        self.warnings = tuple(warnings)
        self.changes = tuple(changes)

    @classmethod
    def load(cls, config: Config, candidates: Iterable[Candidate]) -> Plugins:
        """Import and register the enabled plugins.

        A plugin that fails is quarantined, and raises nothing.
        """
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        for name in BUILT_IN:
            manager.register(importlib.import_module(name), name)
        offers = [candidate for candidate in candidates if candidate.group == PLUGINS]
        names = Counter(offer.name for offer in offers)
        asked = {
            each: PluginState(
                each.name, each.distribution, each.version, "ready", doubled=names[each.name] > 1, offer=each
            )
            for each in offers
        }
        enabled = {offer: state for offer, state in asked.items() if config.plugins.allows(state.key)}
        states = [attrs.evolve(state, state="disabled") for offer, state in asked.items() if offer not in enabled]
        journal, guard = Journal(config.host.state_dir), LoadingGuard()
        jobs = [partial(_register, manager, offer, state, config, journal, guard) for offer, state in enabled.items()]
        outcomes = run_guarded(jobs, config.host.build_timeout)
        for state, outcome in zip(enabled.values(), outcomes, strict=True):
            if isinstance(outcome, Failed):
                states.append(state.quarantined(outcome.error))
            else:
                states.append(attrs.evolve(state, hooks=outcome))
        journal.forget()
        guard.close()
        states.sort(key=attrgetter("distribution", "name"))
        return cls(manager, states, config.host.build_timeout, _unknown(config, offers), guard.changes)

    def add(self, plugin: object, state: PluginState, config: Config) -> None:
        """Register a plugin that a program made or imported.

        Raises:
            ConfigurationError: its section does not fit.
            DefinitionError: its functions do not fit the hooks.
        """
        hooks = _register_object(self._manager, plugin, state, config)
        self._states[state.key] = attrs.evolve(state, hooks=hooks)

    def import_modules(self, key: str, modules: Iterable[str], config: Config) -> None:
        """Import modules of a plugin, which is quarantined if it fails."""
        state = self._states.get(key)
        if state is None or state.offer is None:  # built in, or of a program
            return
        offer, journal, guard = state.offer, Journal(config.host.state_dir), LoadingGuard()

        def load() -> list[object]:
            with journal.loading(offer.distribution, offer.version, offer.value), guard.around(offer.package):
                return [importlib.import_module(module) for module in modules]

        [outcome] = run_guarded([load], self.timeout)
        journal.forget()
        guard.close()
        self.changes = (*self.changes, *guard.changes)
        if isinstance(outcome, Failed):
            self.failed(key, outcome.error)

    @property
    def states(self) -> tuple[PluginState, ...]:
        """Every plugin with its state, in order of distributions and names."""
        return tuple(self._states.values())

    def state_of(self, key: str) -> PluginState | None:
        """Return the state of an installed plugin, or None for a built-in one."""
        return self._states.get(key)

    def values(self, hook: str, kind: type[T], **given: object) -> tuple[tuple[str, T], ...]:
        """Return the values that plugins declare through a hook, each with its plugin's key.

        A plugin whose implementation raises, takes too long or returns something else is quarantined, and its values
        are ignored.
        """
        implementations = self._implementations(hook)
        took = [self.timeout] * len(implementations)
        jobs = [
            partial(_timed, hook, partial(function, **given), kind, partial(took.__setitem__, place))
            for place, (_, function) in enumerate(implementations)
        ]
        found: list[tuple[str, T]] = []
        for (key, _), seconds, outcome in zip(implementations, took, run_guarded(jobs, self.timeout), strict=True):
            if tracing():
                show(hook, key, seconds, outcome.error if isinstance(outcome, Failed) else outcome)
            if isinstance(outcome, Failed):
                self.failed(key, outcome.error)
            else:
                found += [(key, value) for value in outcome]
        return tuple(found)

    def implementations(self, hook: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
        """Return the functions that implement a hook, each with its plugin's key.

        Built-in ones come first, then the others by key. They can be called with all arguments of the hook, even if
        they omit some.
        """
        found = self._implementations(hook)
        return tuple((key, traced(hook, key, function)) for key, function in found) if tracing() else found

    def left_of(self, pairs: Iterable[tuple[str, T]]) -> tuple[tuple[str, T], ...]:
        """Filter out values of plugins that have failed since."""
        return tuple(pair for pair in pairs if (state := self._states.get(pair[0])) is None or state.state == "ready")

    def _implementations(self, hook: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
        impls = getattr(self._manager.hook, hook).get_hookimpls()
        found = [(impl.plugin_name, _with_all(impl, hook)) for impl in impls if self._takes_part(impl.plugin_name)]
        return tuple(sorted(found, key=lambda item: (item[0] not in BUILT_IN, item[0])))

    def failed(self, key: str, error: BaseException) -> None:
        """Quarantine a plugin after one of its hooks failed.

        Raises:
            BaseException: ``error``, if the plugin is built in, as that is an error of the host.
        """
        if key not in self._states:
            raise error
        self._states[key] = self._states[key].quarantined(error)

    def _takes_part(self, key: str) -> bool:
        state = self._states.get(key)
        return key in BUILT_IN or (state is not None and state.state == "ready")


def _register(
    manager: pluggy.PluginManager,
    candidate: Candidate,
    state: PluginState,
    config: Config,
    journal: Journal,
    guard: LoadingGuard,
) -> tuple[str, ...]:
    """Import a plugin and register it, all or nothing, and return its hooks."""
    if problem := requirement_problem(candidate, __version__):
        raise UnsupportedHost(problem)
    with journal.loading(candidate.distribution, candidate.version, candidate.value), guard.around(candidate.package):
        plugin = resolve(candidate.value)
        ModuleCheck().refuse_foreign(candidate)
    return _register_object(manager, plugin, state, config)


def _register_object(
    manager: pluggy.PluginManager, plugin: object, state: PluginState, config: Config
) -> tuple[str, ...]:
    """Register a plugin, all or nothing, and return its hooks.

    A class is replaced by an object of it.
    """
    called = state.key if state.key in config.plugins.settings else state.called
    section = Section("plugin", config.plugins.settings.get(called, {}), config.place("plugins", called))
    if isinstance(plugin, type):
        plugin = make_instance(plugin, section)
    else:
        section.refuse()
    name = state.key
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        raise DefinitionError(_unfitting(name, plugin, str(error))) from error
    return tuple(sorted(caller.name for caller in manager.get_hookcallers(plugin) or ()))


def built_in_plugins() -> tuple[PluginState, ...]:
    """Return the built-in plugins, with their hooks."""
    return tuple(
        PluginState(short_name(name), "agenthost", __version__, "built in", _hooks_of(importlib.import_module(name)))
        for name in sorted(BUILT_IN)
    )


def _hooks_of(plugin: object) -> tuple[str, ...]:
    """Return the hooks that a plugin implements, including unknown ones."""
    marked = (name for name in dir(plugin) if hasattr(getattr(plugin, name, None), f"{hookspecs.PROJECT}_impl"))
    return tuple(sorted(marked))


def _unfitting(key: str, plugin: object, said: str) -> str:
    """Explain the faults of a plugin's functions, with the correct signature of the hook.

    Unclear faults keep pluggy's message.
    """
    for name in _hooks_of(plugin):
        if name not in HOOKS:
            hint = did_you_mean(name, HOOKS).rstrip() or "agenthost hooks lists them."
            return f"plugin {key!r}: unknown hook {name!r}. {hint}"
        known, takes = (inspect.signature(function).parameters for function in (HOOKS[name], getattr(plugin, name)))
        if strangers := [argument for argument in takes if argument not in known]:
            return (
                f"plugin {key!r}: its {name}({', '.join(takes)}) takes {', '.join(strangers)}, which this hook does "
                f"not pass. fix: write {name}({', '.join(known)})"
            )
    return said


def _with_all(impl: pluggy.HookImpl, hook: str) -> Callable[..., Any]:
    """Wrap an implementation so that it accepts all arguments of its hook."""
    function, takes = impl.function, impl.argnames
    if set(takes) == set(inspect.signature(HOOKS[hook]).parameters):
        return function

    def taken(given: Mapping[str, object]) -> dict[str, object]:
        return {name: given[name] for name in takes}

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(**given: object) -> Any:
            return await function(**taken(given))

        return awaited

    @functools.wraps(function)
    def called(**given: object) -> Any:
        return function(**taken(given))

    return called


def _timed(
    hook: str, implementation: Callable[[], Iterable[T]], kind: type[T], took: Callable[[float], object]
) -> list[T]:
    """Return the checked values of an implementation, and report its duration to ``took``."""
    began = time.perf_counter()
    try:
        return _checked(hook, implementation(), kind)
    finally:
        took(time.perf_counter() - began)


def _checked(hook: str, given: object, kind: type[T]) -> list[T]:
    if not isinstance(given, Iterable):
        raise DefinitionError(f"its hook {hook}() returns {kind_of(given)}, not a list of {kind.__name__}")
    found = list(given)
    for value in found:
        if not isinstance(value, kind):
            raise DefinitionError(f"its hook {hook}() returns {kind_of(value)}, not {_a(kind.__name__)}")
    return found


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOU" else f"a {noun}"


def _unknown(config: Config, offers: Collection[Candidate]) -> list[str]:
    """Return warnings about unknown plugins in the configuration, and ambiguous settings."""
    names = Counter(candidate.name for candidate in offers)
    offered = {*names, *(f"{candidate.distribution}:{candidate.name}" for candidate in offers)}
    named = [(config.place("plugins", "disable"), name) for name in config.plugins.disable]
    named += [(config.place("plugins", "only"), name) for name in config.plugins.only or ()]
    named += [(config.place("plugins", name), name) for name in config.plugins.settings]
    unknown = [
        f"{place}: no installed package offers the plugin {name!r}. agenthost plugins lists them."
        for place, name in named
        if name not in offered
    ]
    for name in config.plugins.settings:
        if names[name] > 1:
            both = " or ".join(f"[{key_path('plugins', f'{o.distribution}:{name}')}]" for o in offers if o.name == name)
            unknown.append(
                f"{config.place('plugins', name)}: several packages offer a plugin of this name. fix: write {both}."
            )
    return unknown
