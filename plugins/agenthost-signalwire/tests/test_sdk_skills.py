"""Skills of the SDK are added to agents of agenthost."""

from __future__ import annotations

import pytest
from agenthost_signalwire.findings import BRIDGED
from agenthost_signalwire.skills import bridged
from importlib_metadata import entry_points
from signalwire import AgentBase as SdkAgent
from signalwire.skills.registry import skill_registry

from agenthost import AgentBase, DefinitionError
from agenthost.testing import SkillContract

QUESTIONS = [{"key_name": "name", "question_text": "What is your name?"}]
DATASPHERE = {"space_name": "s", "project_id": "p", "token": "secret", "document_id": "d"}
PARAMS = {
    "api_ninjas_trivia": {"api_key": "k"},
    "datasphere": DATASPHERE,
    "datasphere_serverless": DATASPHERE,
    "google_maps": {"api_key": "k"},
    "signalwire_datetime": {},
    "signalwire_info_gatherer": {"questions": QUESTIONS},
    "signalwire_joke": {"api_key": "k"},
    "signalwire_math": {},
    "signalwire_weather_api": {"api_key": "k"},
    "spider": {},
    "web_search": {"api_key": "k", "search_engine_id": "e"},
    "wikipedia_search": {},
}


def ai_of(agent):
    return next(verb["ai"] for verb in agent.get_document()["sections"]["main"] if "ai" in verb)


def described(ai):
    return {
        tool["function"]: (tool["description"], tool.get("parameters", tool.get("argument")))
        for tool in ai["SWAIG"]["functions"]
    }


def test_every_skill_of_the_sdk_is_offered():
    offered = {each.name for each in entry_points(group="agenthost.skills") if "agenthost_signalwire" in each.value}
    names = {each["name"] for each in skill_registry.list_skills()}

    assert {name.removeprefix("signalwire_") for name in offered} == names
    assert {name for name in offered if not name.startswith("signalwire_")} == BRIDGED
    assert len(names) == 17
    assert all(bridged(name).Settings for name in names)


@pytest.mark.parametrize("name", PARAMS)
def test_it_has_the_tools_and_sections_of_the_sdk(name):
    sdk, ours = SdkAgent("a"), AgentBase("a")
    for agent in (sdk, ours):
        agent.prompt_add_section("Role", "You test skills.")
    sdk.add_skill(name.removeprefix("signalwire_"), dict(PARAMS[name]))
    ours.add_skill(name, dict(PARAMS[name]))
    theirs = sdk._tool_registry._swaig_functions
    ai = ai_of(ours)

    assert set(described(ai)) == set(theirs)
    assert ours.get_prompt() == sdk.get_prompt()
    assert ai.get("global_data", {}) == sdk._global_data
    assert ai.get("hints", []) == sdk._hints


class TestInfoGatherer(SkillContract):
    @pytest.fixture
    def skill(self):
        return bridged("info_gatherer")

    @pytest.fixture
    def params(self):
        return {"questions": QUESTIONS}


class TestMath(SkillContract):
    @pytest.fixture
    def skill(self):
        return bridged("math")


def test_answers_are_kept_in_the_call_s_data():
    agent = AgentBase("a")
    agent.add_skill("signalwire_info_gatherer", {"questions": QUESTIONS, "prefix": "intake"})
    tool = agent._declared.draft.tools["intake_submit_answer"]
    data = ai_of(agent)["global_data"]
    result = tool.handler({"answer": "Ann"}, {"global_data": data}).to_dict()

    [kept] = [each["set_global_data"] for each in result["action"] if "set_global_data" in each]
    assert kept["skill:intake"]["answers"] == [{"key_name": "name", "answer": "Ann"}]


def test_fields_reach_the_tools():
    agent = AgentBase("a")
    agent.add_skill("signalwire_math", {"swaig_fields": {"fillers": {"en-US": ["One moment"]}}})
    [tool] = ai_of(agent)["SWAIG"]["functions"]

    assert tool["fillers"] == {"en-US": ["One moment"]}


def test_secrets_are_not_printed():
    assert "secret" not in repr(bridged("datasphere").Settings(**DATASPHERE))


@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("web_search", {}, "api_key"),
        ("signalwire_info_gatherer", {"questions": []}, "At least one question is required"),
        ("native_vector_search", {"index": "x"}, "has no parameter 'index'"),
    ],
)
def test_settings_that_cannot_work_are_rejected(name, params, reason):
    with pytest.raises(DefinitionError, match=reason):
        AgentBase("a").add_skill(name, params)
