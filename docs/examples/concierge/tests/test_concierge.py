"""The router over agents of other packages, and the plugin."""

import pytest
from agenthost_concierge import GuestsPlugin, GuestsSettings, ReceptionAgent, concierge
from agenthost_parking import ParkingAgent
from agenthost_table import TableAgent, TableSettings

from agenthost.testing import HermeticHost, PluginContract


@pytest.fixture
def host(agenthost_host: HermeticHost) -> HermeticHost:
    """Return a host with all agents of the hotel."""
    agents = (ParkingAgent(), TableAgent(TableSettings()), ReceptionAgent(), concierge())
    for agent in agents:
        agenthost_host.add(agent)
    return agenthost_host


@pytest.mark.parametrize(
    ("message", "agent"),
    [
        ("Where can I park my van?", "parking"),
        ("A table on Friday, please.", "table"),
        ("I have lost my key.", "reception"),
    ],
)
def test_the_router_chooses_the_agent(host: HermeticHost, message: str, agent: str) -> None:
    assert host.talk("concierge").say(message).agent == agent


def test_a_caller_is_connected(host: HermeticHost) -> None:
    call = host.call("/")
    call.tool("connect_caller", agent="table", reason="wants a table")

    assert call.follow() == "/table"
    assert call.tools == ("reserve",)


class TestContract(PluginContract):
    """The plugin keeps what every plugin promises."""

    @pytest.fixture
    def plugin(self) -> object:
        """Return the plugin."""
        return GuestsPlugin

    @pytest.fixture
    def toml(self) -> str:
        """Return the settings of the plugin."""
        return '[plugins.tested]\nregular = ["+4930123"]\n'


def test_settings_are_read() -> None:
    assert GuestsSettings(regular=("+4930123",)).regular == ("+4930123",)
