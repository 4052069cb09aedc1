"""The agents of the shop keep the contract of agents, and so does the router."""

from __future__ import annotations

import pytest
from agenthost_supportgenie import (
    EscalationAgent,
    EscalationSettings,
    SalesAgent,
    ShopSettings,
    SupportAgent,
    TechnicalAgent,
    genie,
)

from agenthost.testing import AgentContract

AGENTS = {
    "support": lambda: SupportAgent(ShopSettings()),
    "technical": lambda: TechnicalAgent(ShopSettings()),
    "sales": lambda: SalesAgent(ShopSettings()),
    "escalation": lambda: EscalationAgent(EscalationSettings()),
    "genie": genie,
}


@pytest.mark.parametrize("name", AGENTS)
class TestAgents(AgentContract):
    @pytest.fixture
    def make_agent(self, name):
        return AGENTS[name]

    @pytest.fixture
    def others(self, name):
        return [make() for each, make in AGENTS.items() if each != name]
