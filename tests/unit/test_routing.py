"""Routers with the classifiers and detectors that every host has."""

from __future__ import annotations

import asyncio

import pytest
from teams import Host, Leaf, Model

from agenthost import Router
from agenthost._host.config.schema import Config
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan

LOADED = make_plan(Config(), load_for_program(Config(), ()))
EXAMPLES = {
    "sales": ("Where is my order?", "I was charged twice", "How much is it?"),
    "technical": ("The app crashes", "The screen is black", "It shows an error"),
    "senior": ("I want my money back", "I will complain"),
}


def host(*answers):
    """Return a host with a router over three agents.

    With ``answers``, it has a language model too.
    """
    agents = [Leaf(name, f"{name} answers", examples=said) for name, said in EXAMPLES.items()]
    router = Router("genie", list(EXAMPLES), escalate_to="senior", threshold=0.4)
    return Host(
        *agents,
        router,
        model=Model(*answers),
        classifiers=tuple(LOADED.classifiers.made.values()),
        extensions=LOADED.extensions,
    )


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("where's my order", "sales"),
        ("my screen stays black", "technical"),
        ("Let me speak to a supervisor", "senior"),
        ("I don't need a supervisor, where is my order?", "sales"),
        ("This order is the worst, the screen is black", "senior"),
    ],
)
def test_a_turn_reaches_its_agent_without_any_configuration(text, agent):
    assert host().run("genie", text).agent == agent


def test_a_message_that_fits_nobody_is_asked_about():
    assert host().run("genie", "xyzzy").agent == "genie"


def test_where_words_are_not_sure_the_model_is_asked_and_only_an_agent_counts():
    assert host('{"agent": "technical", "confidence": 0.9}').run("genie", "xyzzy").agent == "technical"
    assert host('{"agent": "root", "confidence": 1.0}').run("genie", "xyzzy").agent == "genie"


def test_conversations_never_mix():
    """Two hundred at once, over one classifier: each reaches the agent of its own words."""
    served = host()
    texts = ["where is my order", "the app crashes"] * 100

    async def all_at_once():
        turns = [served.say("genie", text, conversation=str(number)) for number, text in enumerate(texts)]
        return await asyncio.gather(*turns)

    assert [reply.agent for reply in asyncio.run(all_at_once())] == ["sales", "technical"] * 100


@pytest.mark.parametrize(
    ("clarify", "examples", "fallback", "agent"),
    [
        (None, (), "support", "support"),
        (None, (), None, "genie"),
        (None, ("Where is my order?",), "support", "genie"),
        (True, (), "support", "genie"),
        (False, ("Where is my order?",), "support", "support"),
    ],
)
def test_descriptions_alone_lead_to_the_fallback(clarify, examples, fallback, agent):
    """With nothing but descriptions, a question would follow nearly every message."""
    sentences = {"support": "General questions", "sales": "Orders and prices", "technical": "Broken devices"}
    agents = [Leaf(name, "x", description=told, examples=examples) for name, told in sentences.items()]
    router = Router("genie", list(sentences), fallback_agent=fallback, clarify=clarify)
    asked = Host(*agents, router, classifiers=tuple(LOADED.classifiers.made.values()), extensions=LOADED.extensions)

    assert asked.run("genie", "xyzzy").agent == agent
