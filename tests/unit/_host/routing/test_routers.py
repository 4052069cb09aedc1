"""Explanations of routers, step by step."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from teams import Host, Leaf, Model

from agenthost import Decision, PlanError, Router, Unanswered
from agenthost._host.config.schema import Config
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.routing import routers
from agenthost._host.routing.routers import explained, find_router
from agenthost.builtin.classifying.lexical import Lexical
from agenthost.conversation.classifiers import Match

EXAMPLES = {
    "sales": ("Where is my order?", "I was charged twice", "How much is it?"),
    "technical": ("The app crashes", "The screen is black", "It shows an error"),
    "senior": ("I want my money back", "I will complain"),
}
LEXICAL = Lexical()
LOADED = make_plan(Config(), load_for_program(Config(), ()))


def host(*answers, classifiers=(LEXICAL,), **options):
    agents = [Leaf(name, f"{name} answers", examples=said) for name, said in EXAMPLES.items()]
    router = Router("genie", list(EXAMPLES), escalate_to="senior", **options)
    return Host(*agents, router, model=Model(*answers), classifiers=classifiers, extensions=LOADED.extensions)


def explain(served, text, *before):
    """Return the explanation of a message after others of the same conversation."""

    async def whole():
        for each in before:
            await served.say("genie", each)
        found = await explained(served.teams, served.plan, served.plan.find("genie"), "c", text)
        assert found.router == "genie"
        return found

    return asyncio.run(whole())


def test_a_sure_classifier_decides():
    found = explain(host(), "where's my order")
    told = found.explanation

    assert (told.decision.agent, told.decision.by) == ("sales", "lexical")
    assert told.tried == (told.decision,)
    assert told.counts(told.decision)
    assert found.closest[0] == Match("sales", "Where is my order?", pytest.approx(0.5, abs=0.2))
    assert (told.with_whom, told.asked, told.says_nothing) == (None, None, False)


def test_no_agent_answers():
    served = host()
    explain(served, "where's my order")

    assert served.figures.outcomes == []


def test_courtesy_stays_with_the_agent_that_has_the_conversation():
    told = explain(host(), "yes please", "the screen is black").explanation

    assert (told.decision.agent, told.decision.by, told.with_whom) == ("technical", "sticky", "technical")
    assert told.says_nothing
    assert told.tried == ()


def test_the_matter_is_shown():
    told = explain(host(), "my name is Bill, not the order, the screen is black").explanation

    assert told.matter == "the screen is black"


def test_a_question_is_followed_by_both_messages():
    told = explain(host(), "my order", "xyzzy").explanation

    assert (told.decision.agent, told.asked) == ("sales", "xyzzy")


def test_a_classifier_below_the_thresholds_does_not_count():
    """The language model follows."""
    served = host('{"agent": "technical", "confidence": 0.9}', classifiers=(LEXICAL, LOADED.classifiers.made["llm"]))
    told = explain(served, "xyzzy").explanation

    assert [(each.by, told.counts(each)) for each in told.tried] == [("lexical", False), ("llm", True)]
    assert told.decision.agent == "technical"


def test_a_detector_comes_first():
    told = explain(host(), "Let me speak to a supervisor").explanation

    assert (told.decision.agent, told.decision.by, told.tried) == ("senior", "phrases", ())


def test_a_classifier_that_compares_no_texts_shows_none():
    class Fixed:
        name = "fixed"

        async def classify(self, text, choices, tools):
            return Decision("sales", 0.9, 0.9, self.name)

    assert explain(host(classifiers=(Fixed(),)), "anything").closest == ()


def test_a_router_without_served_agents_is_refused():
    served = Host(Leaf("other"), Router("genie", ["gone", "other"]), classifiers=(LEXICAL,))
    served.plan.find("genie").agent.agents = ("gone",)

    with pytest.raises(Unanswered):
        explain(served, "hello")


@pytest.mark.parametrize(
    ("names", "error"),
    [((), "no router is installed"), (("a", "b"), "several routers. fix: add --router with one of a, b")],
)
def test_the_only_router_is_found_without_a_name(names, error, monkeypatch):
    def plan(*names):
        return SimpleNamespace(agents=[SimpleNamespace(key=name, agent=Router(name, ["x"])) for name in names])

    monkeypatch.setattr(routers, "installed_plan", lambda _: plan("only"))
    assert find_router(Config(), "")[1].key == "only"

    monkeypatch.setattr(routers, "installed_plan", lambda _: plan(*names))
    with pytest.raises(PlanError, match=error):
        find_router(Config(), "")


def test_another_agent_is_not_a_router():
    with pytest.raises(PlanError, match="sales is not a router"):
        routers.router_of(host().plan.find("sales"))
