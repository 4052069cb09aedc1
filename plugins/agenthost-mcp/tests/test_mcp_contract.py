"""The plugin keeps the contract of plugins."""

import subprocess
import sys

import agenthost_mcp
import pytest

from agenthost.testing import PluginContract


class TestContract(PluginContract):
    @pytest.fixture
    def plugin(self):
        return agenthost_mcp


def test_the_sdk_is_imported_only_where_it_is_used():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import agenthost_mcp, agenthost_mcp.command, agenthost_mcp.skill, sys; print('mcp' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "False"
