"""Prefabs on a host, from the configuration alone, in calls and in text."""

from __future__ import annotations

from pathlib import Path

import pytest
from agenthost_prefabs.concierge import ConciergeAgent
from agenthost_prefabs.faq import FaqAgent
from agenthost_prefabs.info_gatherer import InfoGathererAgent
from agenthost_prefabs.receptionist import ReceptionistAgent
from agenthost_prefabs.survey import SurveyAgent

from agenthost.testing.platform import PlatformOptions
from agenthost.testing.scenarios import find_scenarios, lines_about
from agenthost.testing.scenarios.many import run_file

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("file", find_scenarios([HERE]), ids=lambda file: file.name)
def test_scenarios_pass(file):
    verdict = run_file(file)

    assert verdict.passed, "\n".join(lines_about(verdict))


def test_each_prefab_has_a_scenario():
    names = {file.name.partition(".")[0] for file in find_scenarios([HERE])}

    assert names == {"receptionist", "info-gatherer", "survey", "faq", "concierge"}


@pytest.fixture
def say(agenthost_host):
    """A function that says sentences to an agent in text, without a language model."""
    for cls in (ConciergeAgent, FaqAgent, InfoGathererAgent, ReceptionistAgent, SurveyAgent):
        agenthost_host.add(cls(cls.Settings()))

    def said(agent, *sentences):
        conversation = agenthost_host.talk(agent)
        return [conversation.say(sentence).text.removeprefix("[offline model] ") for sentence in sentences]

    return said


def test_a_survey_in_text(say):
    assert say("survey", "Start, please", "eleven", "4", "More popcorn") == [
        "[rating] How satisfied are you with us? (1 to 5)",
        "This answer does not fit. Ask again: [rating] How satisfied are you with us? (1 to 5)",
        "[comment] What can we do better?",
        "Thank you, that is all.",
    ]


@pytest.mark.parametrize("agent", ["survey", "info-gatherer"])
def test_whatever_is_said_first_begins_it(say, agent):
    """Also a greeting."""
    first, second = say(agent, "Hello!", "4")

    assert first.startswith("[")
    assert "?" in first
    assert second != first


def test_results_are_kept_for_the_operator(agenthost_host):
    """``agenthost state survey`` lists them, those of unfinished calls included."""
    agenthost_host.add(SurveyAgent(SurveyAgent.Settings()))
    call = agenthost_host.call("/survey")
    for answer, kept in (("eleven", None), ("4", {"rating": 4}), ("Popcorn", {"rating": 4, "comment": "Popcorn"})):
        call.tool("submit_answer", answer=answer)
        assert agenthost_host.state("survey").get(f"answers:{call.id}") == kept


def test_a_survey_counts_its_answers(agenthost_host):
    """``agenthost state survey counts`` shows them."""
    agenthost_host.add(SurveyAgent(SurveyAgent.Settings()))
    for seed, answers in enumerate((["4", "5", "Popcorn"], ["3", ""], ["eleven"])):
        call = agenthost_host.call("/survey", options=PlatformOptions(seed=seed))
        for number, answer in enumerate(answers):
            field = "comment" if number + 1 == len(answers) > 1 else "rating"
            call.tool("submit_answer", answer=answer, field=field)

    assert agenthost_host.state("survey").get("counts") == {
        "rating": {"3": 1, "5": 1, "average": 4.0},
        "comment": {"answered": 1, "skipped": 1},
    }


def test_a_form_in_text(say):
    assert say("info-gatherer", "start the questions", "Ann", "A lost scarf")[-1] == "Thank you, that is all."


def test_an_faq_in_text_says_that_it_does_not_know(say):
    assert say("faq", "Where do helicopters land?") == ["I do not know the answer to that."]


def test_a_concierge_without_settings_invents_nothing(say):
    [answer] = say("concierge", "What are the opening hours?")

    assert answer == "I have no information about that. Offer to ask at the desk."
