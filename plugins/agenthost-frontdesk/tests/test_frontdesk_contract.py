"""The four agents keep the contract of agents."""

from __future__ import annotations

import pytest
from agenthost_frontdesk import BillingAgent, FrontDeskSettings, MainAgent, SalesAgent, SupportAgent

from agenthost.testing import AgentContract

AGENTS = (MainAgent, SalesAgent, SupportAgent, BillingAgent)


@pytest.mark.parametrize("cls", AGENTS, ids=lambda cls: cls.__name__)
class TestAgents(AgentContract):
    @pytest.fixture
    def make_agent(self, cls):
        return lambda: cls(FrontDeskSettings())

    @pytest.fixture
    def others(self, cls):
        return [each(FrontDeskSettings()) for each in AGENTS if each is not cls]
