"""The option by which pytest finds the fixtures of agenthost."""

from __future__ import annotations

from importlib.metadata import entry_points

PLUGIN_OPTION = [] if entry_points(group="pytest11", name="agenthost") else ["-p", "agenthost.testing.pytest_plugin"]
"""It is empty where agenthost is installed, and names the plugin in a checkout that was never installed."""
