"""The skills keep the contract, and describe tools that the platform runs."""

from __future__ import annotations

import pytest
from agenthost_skills.calls import PlayBackgroundFileSkill, TransferSkill
from agenthost_skills.web import JokeSkill, WeatherSkill

from agenthost import AgentBase, AgentServer, DefinitionError
from agenthost.testing import SkillContract

TRANSFERS = {
    "/sales|orders/i": {"agent": "sales", "message": "To sales."},
    "/desk/": {"agent": "/desk", "final": False, "return_message": "Back."},
    "/human/": {"address": "+15550100", "from_addr": "+15550101"},
    "/other/": {"url": "https://u:secret@example.com/swml?x=1", "final": False},
}
FILES = [{"key": "intro", "description": "the introduction", "url": "https://example.com/intro.mp4", "wait": True}]


class TestJoke(SkillContract):
    @pytest.fixture
    def skill(self):
        return JokeSkill

    @pytest.fixture
    def params(self):
        return {"api_key": "k"}


class TestWeather(TestJoke):
    @pytest.fixture
    def skill(self):
        return WeatherSkill


class TestTransfer(SkillContract):
    @pytest.fixture
    def skill(self):
        return TransferSkill

    @pytest.fixture
    def params(self):
        return {"transfers": {"/human/": {"address": "+15550100"}}}


class TestPlay(SkillContract):
    @pytest.fixture
    def skill(self):
        return PlayBackgroundFileSkill

    @pytest.fixture
    def params(self):
        return {"files": FILES}


def tool(name, params):
    """Return the description of a skill's only tool, and its agent."""
    agent = AgentBase("desk", "/desk")
    agent.add_skill(name, params)
    [described] = agent.get_document()["sections"]["main"][-1]["ai"]["SWAIG"]["functions"]
    return described, agent


def outputs(described):
    return [each["output"] for each in described["data_map"]["expressions"]]


def test_transfers_lead_to_agents_numbers_and_documents():
    described, agent = tool("swml_transfer", {"transfers": TRANSFERS, "required_fields": {"name": "Caller's name"}})
    sales, desk, human, other, default = outputs(described)
    [section] = agent.get_prompt()

    assert described["parameters"]["required"] == ["transfer_type", "name"]
    assert sales["action"][1]["SWML"]["sections"]["main"] == [{"transfer": {"dest": "http://127.0.0.1:3000/sales"}}]
    assert desk["action"][1]["SWML"]["sections"]["main"][0] == {"set": {"ai_response": "Back."}}
    assert human["action"][1]["SWML"]["sections"]["main"] == [{"connect": {"to": "+15550100", "from": "+15550101"}}]
    assert "https://u:secret@example.com/swml?x=1" in str(other)
    assert default["action"] == [{"set_global_data": {"call_data": {"name": "${args.name}"}}}]
    assert section["bullets"] == [
        "sales|orders: sales",
        "desk: /desk",
        "human: +15550100",
        "other: https://example.com/swml",
    ]


def test_a_transfer_to_an_agent_that_is_not_served_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server = AgentServer()
    server.register(tool("swml_transfer", {"transfers": TRANSFERS})[1])

    assert any("hands calls over to 'sales', which is not served" in each for each in server._first_plan().warnings)


def test_a_file_is_started_and_stopped():
    described, _ = tool("play_background_file", {"files": FILES, "tool_name": "film"})
    start, stop = outputs(described)

    assert described["parameters"]["properties"]["action"]["enum"] == ["start_intro", "stop"]
    assert start["action"] == [{"playback_bg": {"file": "https://example.com/intro.mp4", "wait": True}}]
    assert stop["action"] == [{"stop_playback_bg": True}]


def test_the_weather_has_the_unit_that_is_set():
    described, _ = tool("weather_api", {"api_key": "k", "temperature_unit": "celsius"})
    [webhook] = described["data_map"]["webhooks"]

    assert webhook["url"].startswith("https://api.weatherapi.com/v1/current.json?key=k&q=${lc:enc:args.location}")
    assert "${current.temp_c}" in webhook["output"]["response"]


def test_a_joke_has_the_key_in_a_header():
    described, _ = tool("joke", {"api_key": "k", "tool_name": "tell"})

    assert described["function"] == "tell"
    assert described["data_map"]["webhooks"][0]["headers"] == {"X-Api-Key": "k"}


@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("joke", {"api_key": " "}, "api_key must be the key of the web service"),
        ("joke", {}, "api_key"),
        ("weather_api", {"api_key": "k", "temperature_unit": "kelvin"}, "temperature_unit"),
        ("swml_transfer", {"transfers": {}}, "transfers must map patterns to destinations"),
        ("swml_transfer", {"transfers": {"/x/": {"url": "u", "agent": "a"}}}, "'/x/' needs one of agent, url, address"),
        ("play_background_file", {"files": []}, "files must be a list"),
        ("play_background_file", {"files": [{"key": "a"}]}, "needs key, description and url"),
    ],
)
def test_settings_that_cannot_work_are_rejected(name, params, reason):
    with pytest.raises(DefinitionError, match=reason):
        AgentBase("desk").add_skill(name, params)
