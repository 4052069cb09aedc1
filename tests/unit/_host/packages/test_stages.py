"""Extensions: a field for each hook, filled by one rule."""

from __future__ import annotations

import sys

import pluggy
import pytest
from attrs import fields

from agenthost import hookimpl, hookspecs
from agenthost._discovery import PLUGINS, Candidate
from agenthost._host.config.schema import Config, HostConfig, StateConfig
from agenthost._host.packages.plugins import HOOKS, Plugins, PluginState
from agenthost._host.packages.stages import Extensions
from agenthost.health import Probe
from agenthost.secret import Secret


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


_PLUGIN = """
from agenthost import McpServer, StateProvider, hookimpl

SERVER = McpServer("acme", print, imports=("acme_protocol",))
STORE = StateProvider(("acme",), print, imports=("acme_client",))

@hookimpl
def mcp_servers():
    return [SERVER]

@hookimpl
def state_providers():
    return [STORE]
"""


@pytest.fixture
def naming(tmp_path, monkeypatch):
    """Return a function that loads a plugin whose values name modules."""
    (tmp_path / "acme_naming.py").write_text(_PLUGIN)
    (tmp_path / "acme_protocol.py").touch()
    (tmp_path / "acme_client.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(*, serving, url="memory://"):
        config = Config(host=HostConfig(state_dir=str(tmp_path / "state")), state=StateConfig(url=Secret(url)))
        plugins = Plugins.load(config, [Candidate(PLUGINS, "naming", "acme_naming", "acme", "1.0", "")])
        found = Extensions.of(plugins).with_imports(plugins, config, serving=serving)
        return {name for name in ("acme_protocol", "acme_client") if sys.modules.pop(name, None)}, found, plugins

    return load


@pytest.mark.parametrize(
    ("serving", "url", "imported"),
    [
        (False, "memory://", set()),
        (True, "memory://", {"acme_protocol"}),
        (False, "acme://there", {"acme_client"}),
        (True, "acme://there", {"acme_protocol", "acme_client"}),
    ],
)
def test_modules_are_imported_where_they_are_used(naming, serving, url, imported):
    """Those of a store if it is configured, of a protocol if it is served."""
    found = naming(serving=serving, url=url)[0]
    assert found == imported


def test_a_plugin_whose_module_is_missing_is_quarantined(naming, tmp_path):
    (tmp_path / "acme_client.py").write_text("import acme_driver")
    _, found, plugins = naming(serving=True, url="acme://there")

    [state] = plugins.states
    assert state.state == "quarantined"
    assert "No module named 'acme_driver'" in state.diagnosis.reason
    assert found.mcp_servers == ()
    assert all(key.startswith("agenthost.") for key, _ in found.state_providers)
