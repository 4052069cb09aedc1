"""The agent's tools, and the contract that every agent keeps."""

from collections.abc import Callable

import pytest
from agenthost_table import TableAgent, TableSettings

from agenthost import AgentBase
from agenthost.testing import AgentContract, HermeticHost


def test_tables_are_reserved_until_none_is_left(agenthost_host: HermeticHost) -> None:
    """Calls share the state, and each day has its own tables."""
    host = agenthost_host.add(TableAgent(TableSettings(tables=2)))
    said = [host.call("/table").tool("reserve", day="fri", guests=guests).response for guests in (2, 3, 4)]

    assert said == [
        "Table 1 for 2 on fri, from 6 pm.",
        "Table 2 for 3 on fri, from 6 pm.",
        "There is no table left on fri.",
    ]
    assert host.call("/table").tool("reserve", day="sat", guests=2).response.startswith("Table 1 for 2")


class TestContract(AgentContract):
    """Tools, documents and state keep what every agent promises."""

    @pytest.fixture
    def make_agent(self) -> Callable[[], AgentBase]:
        """Return a function that makes the agent."""
        return lambda: TableAgent(TableSettings())
