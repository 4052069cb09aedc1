"""The classifiers of a host, and the descriptions of its agents."""

from __future__ import annotations

import pytest

from agenthost import AgentBase, ClassifierProvider, DefinitionError
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import ClassifiersConfig, Config
from agenthost._host.plan.chosen_classifiers import choose_classifiers
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost.agent.base import declared
from agenthost.builtin.classifying.lexical import Lexical

LEXICAL = ClassifierProvider("lexical", lambda name, _: Lexical(name))
LLM = ClassifierProvider("llm", lambda name, _: Lexical(name))


def test_words_and_the_model_are_there_without_configuration():
    """A program has them too, and all detectors."""
    plan = make_plan(Config(), load_for_program(Config(), ()))

    assert set(plan.classifiers.made) == {"lexical", "llm"}
    assert plan.classifier() is plan.classifier("lexical") is not None
    assert plan.classifier("unheard-of") is None
    assert {each.name for each in plan.detectors} == {
        "anger",
        "failure",
        "low_confidence",
        "phrases",
        "repeat_contact",
        "signal",
    }
    assert plan.warnings == ()


def test_a_table_is_a_classifier_of_its_kind(tmp_path):
    file = tmp_path / "agenthost.toml"
    file.write_text('[classifiers]\ndefault = "words"\n[classifiers.words]\nkind = "lexical"\n', "utf-8")
    config = load_config(str(file), {})
    chosen = choose_classifiers(config, [("lexical", LEXICAL), ("llm", LLM)])

    assert chosen.find().name == "words"


@pytest.mark.parametrize(
    ("settings", "providers", "expected"),
    [
        (
            {"x": {"kind": "magic"}},
            [LEXICAL, LLM],
            (
                "agenthost.toml: classifiers.x: no plugin makes classifiers of the kind 'magic'. "
                "fix: set kind to one of lexical, llm."
            ),
        ),
        (
            {"lexical": {"model": "x"}},
            [LEXICAL, LLM],
            (
                "agenthost.toml: classifiers.lexical: this classifier has no settings, but it sets model. "
                "fix: remove them."
            ),
        ),
        (
            {},
            [LEXICAL, LEXICAL, LLM],
            (
                "agenthost.toml: classifiers.lexical: p0:a and p1:a both make classifiers of the kind 'lexical'. "
                'Choose one: [plugins] disable = ["a"]'
            ),
        ),
    ],
)
def test_one_that_cannot_be_made_is_named_and_leaves_the_others(settings, providers, expected):
    config = Config(classifiers=ClassifiersConfig(settings=settings))
    chosen = choose_classifiers(config, [(f"p{n}:a", each) for n, each in enumerate(providers)])

    assert chosen.warnings == (expected,)
    assert chosen.find("llm") is not None


class Described(AgentBase):
    """Takes orders.

    And more.
    """


@pytest.mark.parametrize(
    ("agent", "description", "examples"),
    [
        (AgentBase("a"), "", {}),
        (Described("a"), "Takes orders.", {}),
        (Described("a", description=" Sells. "), "Sells.", {}),
        (AgentBase("a", examples=["Hi ", "", "Hi"]), "", {"": ("Hi",)}),
        (AgentBase("a", examples={"EN": ["Hi"], "es": ("Hola",), "de": []}), "", {"en": ("Hi",), "es": ("Hola",)}),
    ],
)
def test_what_an_agent_says_of_itself(agent, description, examples):
    assert (declared(agent).description, dict(declared(agent).examples)) == (description, examples)


@pytest.mark.parametrize("examples", ["Where is my order?", [1], {"en": "Hi"}, {1: ["Hi"]}, 5])
def test_examples_are_lists_of_sentences(examples):
    with pytest.raises(DefinitionError, match="agent 'a': examples must be a list of sentences"):
        AgentBase("a", examples=examples)
