"""Plugins: what an entry point may offer, and what its hooks may give."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from types import ModuleType

import pytest
from attrs import frozen

from agenthost import (
    AgentBase,
    ClassifierProvider,
    ConsolePage,
    DurableTurns,
    EscalationDetector,
    McpServer,
    ModelProvider,
    Probe,
    Redactor,
    SipAlias,
    hookimpl,
)
from agenthost._discovery import PLUGINS, Candidate
from agenthost._host.config.schema import Config, HostConfig, PluginsConfig
from agenthost._host.packages.plugins import BUILT_IN, HOOKS, Plugins
from agenthost.state import StateProvider

STORES = {key for key in BUILT_IN if "state" in key}
"""Built-in plugins that open stores."""


class Silent:
    """A plugin that takes no settings and says nothing."""

    @hookimpl
    def state_providers(self):
        return []


class Greeter:
    """A plugin with settings of its own."""

    @frozen
    class Settings:
        greeting: str

    def __init__(self, settings):
        self.settings = settings

    @hookimpl
    def configure_app(self, app_config):
        app_config.append(self.settings.greeting)


class Nonsense:
    @hookimpl
    def state_providers(self):
        return ["memory"]


class Nothing:
    @hookimpl
    def state_providers(self):
        return None


class Raises:
    @hookimpl
    def state_providers(self):
        sys.exit(3)


class Sparing:
    """Takes less than its hook gives."""

    @hookimpl
    def configure_app(self):
        raise LookupError("called")

    @hookimpl
    async def resolve_sip(self, call):
        return call


class Misspelt:
    @hookimpl
    def health_probe(self):
        return []


class Greedy:
    @hookimpl
    def resolve_sip(self, uri, caller):
        return None


@pytest.fixture
def load(monkeypatch):
    """Return a function that loads plugins from a module, with settings by plugin."""

    def loaded(*classes, distributions=("acme",), host=None, plugins=None, **settings):
        module = ModuleType("agenthost_plugins_under_test")
        vars(module).update({cls.__name__: cls for cls in classes})
        monkeypatch.setitem(sys.modules, module.__name__, module)
        offers = [
            Candidate(PLUGINS, cls.__name__.lower(), f"{module.__name__}:{cls.__name__}", distribution, "1.0", "")
            for cls in classes
            for distribution in distributions
        ]
        plugins = plugins or PluginsConfig(settings=settings)
        return Plugins.load(Config(plugins=plugins, host=host or HostConfig()), offers)

    return loaded


def test_a_class_is_built_with_its_settings(load):
    """Its section becomes its Settings, and its methods are its hooks."""
    plugins = load(Greeter, greeter={"greeting": "hello"})
    said = []

    for _, function in plugins.implementations("configure_app"):
        function(app_config=said)

    assert [state.state for state in plugins.states] == ["ready"]
    assert said == ["hello"]


@pytest.mark.parametrize(
    ("cls", "settings", "reason"),
    [
        (Greeter, {}, "plugins.greeter.greeting: it is missing"),
        (Greeter, {"greeting": 1}, "plugins.greeter.greeting"),
        (Greeter, {"greeting": "x", "tone": "y"}, "tone"),
        (
            Silent,
            {"tone": "y"},
            "plugins.silent: this plugin has no settings, but it sets tone. fix: remove them.",
        ),
    ],
)
def test_a_section_that_does_not_fit_sets_its_plugin_aside(load, cls, settings, reason):
    """It says which key is wrong."""
    (state,) = load(cls, **{cls.__name__.lower(): settings}).states

    assert state.state == "quarantined"
    assert reason in state.diagnosis.reason


def test_each_implementation_is_guarded_by_itself(load):
    """One that raises or returns a wrong value is quarantined with its reason.

    The others are used.
    """
    plugins = load(Nonsense, Nothing, Raises, Silent)

    heard = plugins.values("state_providers", StateProvider)

    assert {key for key, _ in heard} == STORES
    reasons = {state.name: state.diagnosis and state.diagnosis.reason for state in plugins.states}
    assert reasons["silent"] is None
    assert "its hook state_providers() returns str object, not a StateProvider" in reasons["nonsense"]
    assert "its hook state_providers() returns nothing, not a list of StateProvider" in reasons["nothing"]
    assert "sys.exit(3)" in reasons["raises"]


def test_who_failed_in_one_hook_is_not_asked_again(load):
    """A plugin that is set aside has no part in what follows."""
    plugins = load(Raises)
    plugins.values("state_providers", StateProvider)

    assert {key for key, _ in plugins.implementations("state_providers")} == STORES


def test_a_section_for_a_plugin_that_nobody_offers_is_told(load):
    """It is probably misspelt."""
    (warning,) = load(Silent, silnt={"a": 1}).warnings

    assert warning == (
        "agenthost.toml: plugins.silnt: no installed package offers the plugin 'silnt'. agenthost plugins lists them."
    )


def test_an_implementation_may_leave_arguments_out(load):
    """The host passes the arguments that it takes.

    A coroutine function stays one.
    """
    plugins = load(Sparing)
    ((_, configure_app),) = plugins.implementations("configure_app")
    ((_, resolve_sip),) = plugins.implementations("resolve_sip")

    with pytest.raises(LookupError, match="called"):
        configure_app(app_config=[])
    assert inspect.iscoroutinefunction(resolve_sip)
    assert asyncio.run(resolve_sip(uri="sip:a@b", call="the call")) == "the call"


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (Misspelt, ("plugin 'acme:misspelt'", "unknown hook 'health_probe'", "Did you mean health_probes?")),
        (
            Greedy,
            ("'acme:greedy'", "resolve_sip(uri, caller)", "takes caller,", "write resolve_sip(uri, call)"),
        ),
    ],
)
def test_a_function_that_fits_no_hook_is_explained(load, cls, words):
    """Plugin, hook, what is wrong with it, and how it is written."""
    (state,) = load(cls).states

    assert [word for word in words if word not in state.diagnosis.reason] == []


def raises():
    raise LookupError("the table is gone")


def exits():
    sys.exit(3)


def hangs():
    threading.Event().wait(30)


def says_nothing():
    return []


def fails_midway():
    yield from ()
    raise LookupError("the table is gone")


MISBEHAVIOURS = {
    raises: "LookupError: the table is gone",
    exits: "it called sys.exit(3)",
    hangs: "did not finish loading within 0.6 s",
    fails_midway: "LookupError: the table is gone",
    lambda: None: "returns nothing, not a list of",
    lambda: 7: "returns int object, not a list of",
    lambda: "text": "returns str object, not a",
    lambda: [object()]: "returns object object, not a",
}
HEARD = {
    "agents": AgentBase,
    "chat_models": ModelProvider,
    "classifiers": ClassifierProvider,
    "console_pages": ConsolePage,
    "durable_turns": DurableTurns,
    "escalation_detectors": EscalationDetector,
    "health_probes": Probe,
    "mcp_servers": McpServer,
    "redactors": Redactor,
    "sip_aliases": SipAlias,
    "state_providers": StateProvider,
}
GIVEN = {"sip_aliases": {"agents": ()}}
"""The arguments of hooks that take any."""
CALLED = {"adapt_agent", "configure_app", "lifespan", "resolve_sip", "tool_called"}
"""Hooks whose functions are called later, and guarded there."""


def test_every_hook_is_one_or_the_other():
    """A new hook is tested below too."""
    assert {*HEARD, *CALLED} == {*HOOKS}


@pytest.mark.slow
@pytest.mark.parametrize("hook", HEARD)
def test_whatever_a_plugin_does_in_a_hook_it_is_set_aside_alone(load, hook):
    """Each has its reason.

    The values of the others are used in the same order as before.
    """

    def plugin(number, function):
        return type(f"Bad{number}", (), {hook: staticmethod(hookimpl(function, specname=hook))})

    bad = [plugin(number, function) for number, function in enumerate(MISBEHAVIOURS)]
    good = type("Good", (), {hook: staticmethod(hookimpl(says_nothing, specname=hook))})
    plugins = load(*bad, good, host=HostConfig(build_timeout=0.6))
    given = GIVEN.get(hook, {})
    alone = load(good).values(hook, HEARD[hook], **given)

    heard = plugins.values(hook, HEARD[hook], **given)

    states = {state.name: state for state in plugins.states}
    assert [key for key, _ in heard] == [key for key, _ in alone]
    assert states["good"].state == "ready"
    for number, reason in enumerate(MISBEHAVIOURS.values()):
        assert states[f"bad{number}"].state == "quarantined"
        assert reason in states[f"bad{number}"].diagnosis.reason
        assert f'[plugins] disable = ["bad{number}"]' in states[f"bad{number}"].diagnosis.remedy or number == 2


def test_two_plugins_of_one_name_are_told_apart_by_their_packages(load):
    """Both are loaded.

    Settings, remedies and switches name the package.
    """
    one = {"acme:greeter": {"greeting": "hello"}}
    both = ("acme", "other")

    plugins = load(Greeter, distributions=both, **one)
    ready, without = plugins.states
    off = load(Silent, distributions=both, plugins=PluginsConfig(disable=("other:silent",)))
    only = load(Silent, distributions=both, plugins=PluginsConfig(only=("other:silent",)))
    ambiguous = load(Greeter, distributions=both, greeter={"greeting": "hello"})

    assert (ready.key, ready.state) == ("acme:greeter", "ready")
    assert (without.key, without.state) == ("other:greeter", "quarantined")
    assert 'plugins."other:greeter".greeting: it is missing' in without.diagnosis.reason
    assert {state.key: state.state for state in off.states} == {"acme:silent": "ready", "other:silent": "disabled"}
    assert {state.key: state.state for state in only.states} == {"acme:silent": "disabled", "other:silent": "ready"}
    assert off.warnings == only.warnings == ()
    (warning,) = ambiguous.warnings
    assert warning.endswith('of this name. fix: write [plugins."acme:greeter"] or [plugins."other:greeter"].')
