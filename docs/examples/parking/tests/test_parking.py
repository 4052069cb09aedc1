"""The agent, called on a simulated platform."""

from agenthost_parking import ParkingAgent

from agenthost.testing import HermeticHost


def test_a_large_vehicle_has_a_place(agenthost_host: HermeticHost) -> None:
    call = agenthost_host.add(ParkingAgent()).call("/parking")

    assert call.tool("find_space", size="large").response == "Please park in the meadow behind the house."
    assert call.tool("find_space", size="huge").response == 'Error: "huge" is not one of "small" or "large".'
