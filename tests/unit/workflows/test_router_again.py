"""A router that is served again, by a second host or after it was removed."""

from __future__ import annotations

import pytest

from agenthost import AgentBase, Router
from agenthost.testing import HermeticHost

DESK, SALES = ("desk", "Answers questions"), ("sales", "Sells things")


def told(router, *agents):
    """Serve a router, and return sections, connected agents and the prompt."""
    with HermeticHost() as host:
        host.add(router)
        for name, purpose in agents:
            host.add(AgentBase(name, f"/{name}", description=purpose))
        call = host.call("main")
        sections = [section["title"] for section in call.document["sections"]["main"][1]["ai"]["prompt"]["pom"]]
        return sections, call.tool_specs["connect_caller"].parameters["properties"]["agent"]["enum"], call.prompt


@pytest.mark.parametrize("own", [True, False], ids=["own-prompt", "default-prompt"])
def test_a_second_host_describes_its_own_agents(own):
    """Nothing of the first host stays, and the router's own prompt does."""
    router = Router("main", ["desk", "sales"], route="/main")
    if own:
        router.prompt_add_section("Role", "You receive calls.")
    first, second = told(router, DESK, SALES), told(router, DESK)

    assert (first[0], first[1]) == (["Role", "Agents"], ["desk", "sales"])
    assert (second[0], second[1]) == (["Role", "Agents"], ["desk"])
    assert ("You receive calls." in second[2]) is own
    assert "Sells things" not in second[2]
