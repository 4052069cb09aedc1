"""Extensions: a field for each hook, filled by one rule."""

from __future__ import annotations

import pluggy
from attrs import fields

from agenthost import hookimpl, hookspecs
from agenthost._host.config.schema import Config
from agenthost._host.packages.plugins import HOOKS, Plugins, PluginState
from agenthost._host.packages.stages import Extensions
from agenthost.health import Probe


def plugins_with(plugin):
    """Registered plugins: only this one, called ``acme:broken``."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, "acme:broken")
    return Plugins(manager, [PluginState("broken", "acme", "1.0", "ready")], 5.0, ())


def test_every_hook_has_a_field():
    """But for the two that are called on their own."""
    assert {each.name for each in fields(Extensions)} == HOOKS.keys() - {"agents", "sip_aliases"}


def test_what_is_built_in():
    """Values and functions, each with its plugin's key."""
    found = Extensions.of(Plugins.load(Config(), ()))

    assert {provider.kind for _, provider in found.chat_models} >= {"openai", "offline"}
    assert all(plugin.startswith("agenthost.builtin.") for plugin, _ in found.state_providers)
    assert found.configure_app == ()


class Broken:
    """Fails in one hook, and implements one before and one after it."""

    @hookimpl
    def health_probes(self):
        return [Probe("db", print)]

    @hookimpl
    def chat_models(self):
        raise LookupError

    @hookimpl
    def tool_called(self, event):
        """Observe."""


def test_a_plugin_that_fails_has_no_part_in_the_hooks_after_it():
    plugins = plugins_with(Broken())
    found = Extensions.of(plugins)

    assert [plugin for plugin, _ in found.health_probes][-1:] == ["acme:broken"]
    assert found.tool_called == ()


def test_functions_of_a_plugin_that_fails_later_are_left_out():
    """Values that it returned before stay."""

    class Observer:
        @hookimpl
        def health_probes(self):
            return [Probe("db", print)]

        @hookimpl
        def tool_called(self, event):
            """Observe."""

    plugins = plugins_with(Observer())
    found = Extensions.of(plugins)
    plugins.failed("acme:broken", LookupError())

    assert len(found.tool_called) == 1
    assert found.functions_left(plugins).tool_called == ()
    assert found.functions_left(plugins).health_probes == found.health_probes
