"""Connecting a live call: to whom, with what data, and not for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from agenthost import Call, StateUnavailable
from agenthost.builtin.state_memory import MemoryEntries
from agenthost.state import NO_STORES, Stores
from agenthost.workflows.connecting import connect


def connected(call, agent, last_resort=None):
    """Return the target of the call, its data, and the answer for the model."""
    result = asyncio.run(connect("front", agent, "a refund", call, last_resort))
    answer = result.to_dict(lambda name: f"https://h/{name}")
    actions = {name: value for action in answer.get("action", ()) for name, value in action.items()}
    swml = actions.get("SWML")
    to = swml["sections"]["main"][0]["transfer"]["dest"].rpartition("/")[2] if swml else None
    return to, actions.get("set_global_data", {}).get("routing"), answer["response"]


def call(stores, data=None, call_id="c-1"):
    return Call.from_body({"call_id": call_id, "global_data": data or {}}, stores)


@pytest.fixture
def stores():
    return Stores(MemoryEntries(time.monotonic))


def test_the_reason_and_the_way_go_with_the_call(stores):
    """The next agent finds them in its global data."""
    assert connected(call(stores), "sales") == (
        "sales",
        {"from": "front", "to": "sales", "reason": "a refund", "path": ["sales"]},
        "One moment, I connect you.",
    )


@pytest.mark.parametrize(
    ("wanted", "last_resort", "reached"),
    [
        (["a", "a", "a"], None, ["a", "a", None]),
        (["a", "b", "a", "b", "c"], None, ["a", "b", "a", "b", None]),
        (["a", "a", "a", "b"], "boss", ["a", "a", "boss", "b"]),
        (["a", "b", "a", "b", "c", "c"], "boss", ["a", "b", "a", "b", "boss", None]),
    ],
)
@pytest.mark.parametrize("kept", ["in the store", "in the call"])
def test_nobody_is_sent_round_for_ever(wanted, last_resort, reached, kept, stores):
    """A call reaches one agent twice and all agents four times at most.

    Then it goes to the last resort once. It does without a store, too.
    """
    data = {}
    found = []
    for agent in wanted:
        to, routing, said = connected(call(NO_STORES if kept == "in the call" else stores, data), agent, last_resort)
        found.append(to)
        if routing is not None and kept == "in the call":
            data = {"routing": routing}
        assert (to is None) == ("nobody is connected now" in said)

    assert found == reached


def test_calls_are_counted_apart(stores):
    """The count of one caller does not affect another."""
    for number in range(5):
        assert connected(call(stores, call_id=f"c-{number}"), "a")[0] == "a"


def test_what_a_call_says_of_itself_cannot_shorten_its_way(stores):
    """The longer of the two paths counts.

    Invalid data in the call is ignored.
    """
    for _ in range(2):
        connected(call(stores, {"routing": {"path": []}}), "a")
    assert connected(call(stores, {"routing": {"path": []}}), "a")[0] is None
    assert connected(call(stores, {"routing": "x"}, "c-2"), "a")[0] == "a"


def test_a_store_that_does_not_answer(stores):
    """The call is connected all the same."""

    class Down(MemoryEntries):
        async def put(self, key, value, ttl):
            raise StateUnavailable("down")

    assert connected(call(Stores(Down(time.monotonic))), "a")[0] == "a"
