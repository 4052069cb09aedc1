"""The prefabs keep the contract of agents, with their defaults and with settings."""

from __future__ import annotations

import pytest
from agenthost_prefabs.concierge import Amenity, ConciergeAgent, ConciergeSettings
from agenthost_prefabs.faq import Faq, FaqAgent, FaqSettings
from agenthost_prefabs.info_gatherer import InfoGathererAgent, InfoGathererSettings
from agenthost_prefabs.questions import Question
from agenthost_prefabs.receptionist import Department, ReceptionistAgent, ReceptionistSettings
from agenthost_prefabs.survey import SurveyAgent, SurveySettings

from agenthost import AgentBase
from agenthost.testing import AgentContract

SETTINGS = {
    ReceptionistAgent: ReceptionistSettings(
        departments=(Department(name="sales", description="tickets", agent="sales"),), instructions=("Be brief.",)
    ),
    InfoGathererAgent: InfoGathererSettings(then="sales", summary_url="https://example.com/summary"),
    SurveyAgent: SurveySettings(
        questions=(Question(key="seat", question="Which seat?", kind="choice", options=("stalls", "balcony")),)
    ),
    FaqAgent: FaqSettings(questions=(Faq(question="When do you open?", answer="At noon."),), then="sales"),
    ConciergeAgent: ConciergeSettings(amenities=(Amenity(name="pool", hours="7 to 22", agent="sales"),)),
}


@pytest.mark.parametrize("cls", SETTINGS, ids=lambda cls: cls.__name__)
class TestConfigured(AgentContract):
    @pytest.fixture
    def make_agent(self, cls):
        return lambda: cls(SETTINGS[cls])

    @pytest.fixture
    def others(self):
        return [AgentBase("sales", "/sales")]


@pytest.mark.parametrize("cls", SETTINGS, ids=lambda cls: cls.__name__)
class TestDefaults(AgentContract):
    @pytest.fixture
    def make_agent(self, cls):
        return lambda: cls(cls.Settings())
