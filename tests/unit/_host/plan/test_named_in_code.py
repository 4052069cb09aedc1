"""Names in the code of agents that would fail only in a call."""

from __future__ import annotations

import pytest

from agenthost import AgentBase, AgentServer, FunctionResult


class Desk(AgentBase):
    """Connects callers."""

    def __init__(self):
        super().__init__("desk")
        self.define_contexts().add_context("default").add_step("s").set_text("x")

    @AgentBase.tool
    def connect(self, to: str) -> FunctionResult:
        """Connect the caller."""
        return self.onward(to)

    def onward(self, to):
        result = FunctionResult("One moment.")
        if to == "context":
            return result.swml_change_context("/sales")
        if to == "own":
            return result.swml_change_context("default")
        return result.hand_over("nobody") if to == "x" else result.hand_over("sales")


def warnings(*agents):
    server = AgentServer()
    for agent, route in agents:
        server.register(agent, route)
    return server._first_plan().warnings


def test_an_unknown_agent_is_found_when_the_agent_is_mounted():
    found = warnings((Desk(), "/desk"), (AgentBase("sales"), "/sales"))

    expected = "agent 'desk' hands calls over to 'nobody', which is not served: its callers hear the fallback. "
    assert expected + "fix: use a key, name or route that agenthost agents lists" in found


def test_a_context_that_is_a_route_is_found():
    """As in many programs: the call stays where it is."""
    found = warnings((Desk(), "/desk"), (AgentBase("shop"), "/sales"))

    assert any("changes to the context '/sales'" in each and each.endswith("fix: hand_over('shop')") for each in found)


def test_names_that_exist_are_fine():
    assert warnings((Desk(), "/desk"), (AgentBase("nobody"), "/n"), (AgentBase("sales"), "/s")) == ()


@pytest.mark.parametrize("name", ["sales", "/there"])
def test_agents_are_found_by_name_and_route(name):
    server = AgentServer()
    server.register(AgentBase("sales"), "/there")

    assert server._first_plan().sibling(name).key == "sales"
