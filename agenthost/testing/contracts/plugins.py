"""The contract of plugins: tests that every plugin passes, as a class to inherit."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from agenthost.agent.base import AgentBase
from agenthost.testing.contracts.trying import document, stable_document
from agenthost.testing.hosts.host import HermeticHost

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["PluginContract"]


class PluginContract:
    """Tests for a plugin.

    Inherit them in a class called ``Test…`` with the fixture ``plugin``.
    """

    @pytest.fixture
    def plugin(self) -> object:
        """Return the plugin: a module, an object, or a class for its settings."""
        raise NotImplementedError

    @pytest.fixture
    def name(self) -> str:
        """Return its name, as in ``[plugins.NAME]``."""
        return "tested"

    @pytest.fixture
    def agents(self) -> Collection[AgentBase]:
        """Return the agents to serve with it."""
        desk = AgentBase("desk", "/desk")
        desk.prompt_add_section("Role", "You answer the phone of a desk.")
        return (desk,)

    @pytest.fixture
    def toml(self) -> str:
        """Return the configuration of the host."""
        return ""

    @pytest.fixture
    def host(self, plugin: object, name: str, agents: Collection[AgentBase], toml: str) -> HermeticHost:
        """Return a host with the plugin, which is not started."""
        return _host(plugin, name, agents, toml)

    def test_a_host_serves_with_it(self, host: HermeticHost) -> None:
        """Every hook answers, agents are served, and the host is alive."""
        with host:
            for route in host.routes.values():
                assert document(host, route)["sections"]["main"]
            assert host.request("GET", "/live").status == 200

    def test_it_does_something(self, plugin: object) -> None:
        """It implements at least one hook."""
        found = [name for name in dir(plugin) if hasattr(getattr(plugin, name, None), "agenthost_impl")]

        assert found, "no function is marked with @hookimpl"

    def test_a_second_host_is_served_like_the_first(
        self, plugin: object, name: str, agents: Collection[AgentBase], toml: str
    ) -> None:
        """Its lifespan ends, and a reload in the same process gives the same."""
        documents: list[dict[str, Any]] = []
        for _ in range(2):
            with _host(plugin, name, agents, toml) as host:
                documents.append({route: stable_document(host, route) for route in host.routes.values()})

        assert documents[0] == documents[1]

    def test_it_changes_nothing_that_others_rely_on(self, host: HermeticHost) -> None:
        """Directory, streams, log, warnings, signal handlers and variables stay."""
        before = _process()
        with host:
            host.start()
            served = _process()

        after = _process()
        changed = [name for name, value in before.items() if value != served[name] or value != after[name]]

        assert not changed, f"the plugin changed: {changed}"

    def test_it_leaves_no_thread_behind(self, host: HermeticHost) -> None:
        """Every thread ends with the host, or does not keep the process."""
        before = set(threading.enumerate())
        with host:
            host.start()
        left = [each.name for each in threading.enumerate() if each not in before and not each.daemon]

        assert not left, f"these threads keep the process from ending: {left}"


def _host(plugin: object, name: str, agents: Collection[AgentBase], toml: str) -> HermeticHost:
    host = HermeticHost().config(toml).add_plugin(plugin, name)
    for agent in agents:
        host.add(agent)
    return host


def _process() -> dict[str, Any]:
    """Return the state of the process that packages share."""
    root = logging.getLogger()
    return {
        "working directory": os.getcwd(),  # noqa: PTH109 - compared, not used
        "standard streams": (sys.stdin, sys.stdout, sys.stderr),
        "log": (root.level, list(root.handlers), logging.root.manager.disable),
        "warning filters": list(warnings.filters),
        "signal handlers": [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)],
        "variables": {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
    }
