"""The router and the others on the call: documents as SignalWire fetches them."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROUTES = ("support", "technical", "sales", "escalation", "options", "vote", "chain", "levels")


def document(host, route):
    return host.post(route, {"call_id": "call-1"})


def test_the_router_answers_calls_and_hands_them_over(host):
    [ai] = [verb["ai"] for verb in document(host, "/genie")["sections"]["main"] if "ai" in verb]
    [tool] = ai["SWAIG"]["functions"]

    assert tool["function"] == "connect_caller"
    assert tool["parameters"]["properties"]["agent"]["enum"] == [
        "genie-support",
        "genie-technical",
        "genie-sales",
        "genie-escalation",
    ]
    assert "Where is my order?" in str(ai["prompt"])

    answer = host.call("", "connect_caller", route="/genie", agent="genie-sales", reason="wants to cancel order 1042")
    data, leaving = answer["action"]
    assert data["set_global_data"]["routing"]["to"] == "genie-sales"
    assert data["set_global_data"]["routing"]["reason"] == "wants to cancel order 1042"
    [verb] = leaving["SWML"]["sections"]["main"]
    assert verb["transfer"]["dest"].endswith("@shop.example/genie/sales")
    assert "You are the sales agent" in str(document(host, verb["transfer"]["dest"]))


def test_a_call_is_not_sent_round_in_circles(host):
    """After the second transfer to sales, the call stays with the senior colleague."""
    went = []
    for _ in range(4):
        answer = host.call("", "connect_caller", route="/genie", agent="genie-sales", reason="again")
        went += [
            each["set_global_data"]["routing"]["to"] for each in answer.get("action", ()) if "set_global_data" in each
        ]

    assert went == ["genie-sales", "genie-sales", "genie-escalation"]


@pytest.mark.parametrize("topic", ROUTES)
def test_everybody_has_a_document(host, topic):
    main = document(host, f"/genie/{topic}")["sections"]["main"]

    assert [[*verb] for verb in main] == [["answer"], ["ai"]]


@pytest.mark.parametrize("topic", ["options", "vote", "chain", "levels"])
def test_a_caller_of_what_answers_messages_reaches_the_router(host, topic):
    [action] = host.call(topic, "connect_to_genie")["action"]
    [verb] = action["SWML"]["sections"]["main"]

    assert verb["transfer"]["dest"].endswith("@shop.example/genie")


def test_the_distribution_offers_what_it_says():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["entry-points"]["agenthost.agents"]
    offered = entry_points(group="agenthost.agents")
    found = {each.name: each.value for each in offered if each.module == "agenthost_supportgenie"}

    assert found in ({}, declared)
    assert len(declared) == 9
