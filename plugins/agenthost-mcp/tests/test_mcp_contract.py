"""The plugin keeps the contract of plugins."""

import agenthost_mcp
import pytest

from agenthost.testing import PluginContract


class TestContract(PluginContract):
    @pytest.fixture
    def plugin(self):
        return agenthost_mcp
