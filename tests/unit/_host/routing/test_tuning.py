"""Tuning of a router with real classifiers and agents."""

import asyncio
from types import SimpleNamespace

import pytest
from teams import Host, Leaf

from agenthost import PlanError, Router
from agenthost._host.routing.labelled import Labelled
from agenthost._host.routing.tuning import tuned
from agenthost._host.text.history import Bound
from agenthost._host.text.transcripts import Transcripts
from agenthost.builtin.classifying.lexical import Lexical
from agenthost.state import Scope, Store

EXAMPLES = {"sales": ("Where is my order?", "How much is it?"), "technical": ("The app crashes", "The screen is black")}
LINES = """{"text": "my order please", "agent": "sales"}
{"text": "black screen", "agent": "technical"}
{"text": "yes please", "agent": "technical"}
{"text": "how much is the weather", "agent": null}
"""


def tune(tmp_path, lines=LINES, **fields):
    agents = [Leaf(name, f"{name} answers", examples=said) for name, said in EXAMPLES.items()]
    served = Host(*agents, Router("genie", list(EXAMPLES)), **{"classifiers": (Lexical(),), **fields})
    file = tmp_path / "messages.jsonl"
    file.write_text(lines, encoding="utf-8")

    def transcripts(plan, principal):
        store = Store(served.stores._entries, Scope("host", f"transcripts of {principal}"))
        return Transcripts(store, (), keep=1, longest=5.0, history=Bound())

    conversations = SimpleNamespace(teams=served.teams, transcripts=transcripts)
    agent = served.plan.find("genie")
    return asyncio.run(tuned(conversations, served.plan, agent, "", file=file if lines else None, days=1, right=0.9))


def test_thresholds_are_proposed_from_a_file(tmp_path):
    found = tune(tmp_path)

    assert (found.router, found.classifier) == ("genie", "lexical")
    assert Labelled("yes please", "technical") not in found.messages
    assert (found.now.threshold, found.now.margin, found.now.messages) == (0.5, 0.15, 3)
    assert found.best.right == found.best.decided == 2
    assert found.to_json()["proposed"]["right"] == 2


def test_without_messages_nothing_is_proposed(tmp_path):
    found = tune(tmp_path, "")

    assert (found.messages, found.best, found.to_json()["proposed"]) == ([], None, None)


def test_a_classifier_that_could_not_be_made_is_named():
    served = Host(*(Leaf(name) for name in EXAMPLES), Router("genie", list(EXAMPLES)))
    conversations = SimpleNamespace(teams=served.teams)
    agent = served.plan.find("genie")

    with pytest.raises(PlanError, match="the classifier of genie could not be made"):
        asyncio.run(tuned(conversations, served.plan, agent, "", file=None, days=1, right=0.9))
