"""``VectorClassifier``, the base of classifiers by meaning, with made-up vectors."""

from __future__ import annotations

import asyncio
import re

import pytest

from agenthost import Choice, ClassifierTools, VectorClassifier
from agenthost.conversation.small_talk import SMALL_TALK

SHOP = (
    Choice("orders", "Orders", {"en": tuple(f"where is my order {n}" for n in range(6))}),
    Choice("repairs", "Broken gear", {"en": tuple(f"the tent is broken {n}" for n in range(6))}),
)
WORDS = ("order", "pedido", "tent", "zelt", "broken", "where", "is", "my", "the")
MEANINGS = (0, 0, 1, 1, 2, 3, 4, 5, 6)


class Model:
    """An embedding function that counts the meanings of words."""

    def __init__(self):
        self.texts = []
        self.fault = None
        self.vector = None

    async def __call__(self, texts):
        if self.fault is not None:
            raise self.fault
        self.texts += texts
        return [self.vector or vector(text) for text in texts]


def vector(text):
    counts = [0.1] * 10
    for word in re.findall(r"\w+", text.lower()):
        counts[MEANINGS[WORDS.index(word)] if word in WORDS else 7 + len(word) % 3] += 3
    return counts


def run(model, work, **options):
    async def whole():
        classifier = VectorClassifier("letters", model, **options)
        try:
            return await work(classifier)
        finally:
            await classifier.close()

    return asyncio.run(whole())


def classified(model, text, choices=SHOP, **options):
    return run(model, lambda classifier: classifier.classify(text, choices, ClassifierTools()), **options)


@pytest.mark.parametrize(("text", "agent"), [("mi pedido", "orders"), ("Zelt", "repairs")])
def test_vectors_of_any_length_are_compared(text, agent):
    decision = classified(Model(), text)

    assert (decision.agent, decision.by) == (agent, "letters")
    assert decision.reason.startswith("similarity ")


def test_words_may_be_mixed_in():
    """A model that finds all texts alike leaves the decision to them."""
    model = Model()
    model.vector = [1.0, 1.0]

    assert classified(model, "order", words=6.0).agent == "orders"
    assert classified(model, "tent", words=6.0).agent == "repairs"


def test_small_talk_and_agents_are_embedded_once():
    model = Model()

    async def twice(classifier):
        for _ in range(2):
            await classifier.classify("my order", SHOP, ClassifierTools())

    run(model, twice)
    assert len(model.texts) == 2 + 2 * 6 + len(SMALL_TALK) + 2


@pytest.mark.parametrize("fault", [RuntimeError("away"), TimeoutError()])
def test_words_decide_if_there_is_no_vector(fault):
    model = Model()
    model.fault = fault
    decision = classified(model, "the tent is broken")

    assert (decision.agent, decision.by) == ("repairs", "lexical")
    assert decision.reason.startswith("no vectors (")


@pytest.mark.parametrize("vector", [[0.0, 0.0], [float("nan"), 1.0]])
def test_a_vector_without_a_direction_is_of_no_use(vector):
    model = Model()
    model.vector = vector

    assert classified(model, "the tent is broken").by == "lexical"


def test_a_failed_build_is_tried_again():
    model = Model()
    model.fault = RuntimeError("away")

    async def twice(classifier):
        first = await classifier.classify("my order", SHOP, ClassifierTools())
        model.fault = None
        return first, await classifier.classify("my order", SHOP, ClassifierTools())

    first, second = run(model, twice)
    assert (first.by, second.by) == ("lexical", "letters")


def test_the_closest_texts_are_shown():
    model = Model()
    found = run(model, lambda classifier: classifier.closest("where is my pedido 3", SHOP, ClassifierTools()))
    assert {match.agent for match in found} == {"orders"}

    model.fault = RuntimeError("away")
    found = run(model, lambda classifier: classifier.closest("broken tent", SHOP, ClassifierTools()))
    assert found[0].agent == "repairs"


def test_agents_without_texts_are_for_nobody():
    decision = classified(Model(), "order", (Choice("a"), Choice("b")))

    assert (decision.agent, decision.by) == (None, "letters")
