"""The offline model: which tool it picks, what it fills in, and that it says what it is."""

from __future__ import annotations

import asyncio
import json

import jsonschema_rs
import pytest
from hypothesis import given, strategies as st

from agenthost import Completion, Message, ModelRequest, ToolSpec, ToolUse, Words
from agenthost.builtin.model_offline import MARK, OfflineModel


def tool(called, what_for, required=(), /, **properties):
    return ToolSpec(called, what_for, {"type": "object", "properties": properties, "required": list(required)})


PLAN = {"type": "string", "enum": ["basic", "pro", "enterprise_plus"]}
TOOLS = (
    tool("get_pricing", "Tell what a plan costs", ["plan"], plan=PLAN, seats={"type": "integer", "minimum": 1}),
    tool("check_order", "Look up where an order is", ["order_id"], order_id={"type": "string"}),
    tool(
        "book_visit",
        "Book a visit",
        ["day"],
        day={"type": "string", "enum": ["mon", "tue", "wed"]},
        urgent={"type": "boolean"},
    ),
    tool("report_problem", "Report that something is broken", ["description"], description={"type": "string"}),
    tool(
        "register",
        "Register a customer",
        ["name", "email"],
        name={"type": "string"},
        email={"type": "string"},
        age={"anyOf": [{"type": "integer"}, {"type": "null"}]},
    ),
)


def answer(*said, tools=TOOLS, schema=None):
    async def asked():
        roles = ("user", "assistant")
        messages = [Message(roles[n % 2], text) if isinstance(text, str) else text for n, text in enumerate(said)]
        request = ModelRequest((Message("system", "You help."), *messages), tools, answer_schema=schema)
        *words, whole = [piece async for piece in OfflineModel().answer(request)]
        assert isinstance(whole, Completion)
        assert "".join(word.text for word in words if isinstance(word, Words)) == whole.text
        return whole

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("How much does the PRO plan cost?", "get_pricing", {"plan": "pro"}),
        ("Price of enterprise plus for twelve seats", "get_pricing", {"plan": "enterprise_plus", "seats": 12}),
        ("pricing for 5 people on basic", "get_pricing", {"plan": "basic", "seats": 5}),
        ("Where is my order #ORD-2024-17?", "check_order", {"order_id": "ORD-2024-17"}),
        ("Can I book a visit on Tuesday? It is urgent", "book_visit", {"day": "tue", "urgent": True}),
        ("My screen is broken", "report_problem", {"description": "My screen is broken"}),
        (
            "Please register me, my name is Ann Lee, 30, ann@example.com",
            "register",
            {"name": "Ann Lee", "email": "ann@example.com", "age": 30},
        ),
    ],
)
def test_it_picks_the_tool_and_fills_in_what_it_finds(said, name, arguments):
    whole = answer(said)
    [use] = whole.tool_uses

    assert (use.name, json.loads(use.arguments), whole.finish) == (name, arguments, "tool_calls")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Where is my order 1042?", "track_shipment"),
        ("Is my order 1042 on its way?", "track_shipment"),
        ("Please cancel order 1042", "cancel_order"),
    ],
)
def test_what_nobody_can_undo_is_done_for_its_own_word_alone(said, name):
    """Whatever else a message has in common with such a tool."""
    order = {"order_id": {"type": "string"}}
    tools = (
        tool("cancel_order", "Cancel an order that has not been sent", ["order_id"], **order),
        tool("track_shipment", "Say where a parcel with an order is on its way", ["order_id"], **order),
    )
    [use] = answer(said, tools=tools).tool_uses

    assert use.name == name


def test_it_asks_for_what_is_missing_and_goes_on_with_the_answer():
    asked = answer("I want to book a visit")

    assert asked.text == f"{MARK} To use book_visit I need: day (one of mon, tue, wed)."
    [use] = answer("I want to book a visit", asked.text, "Wednesday, please").tool_uses
    assert (use.name, json.loads(use.arguments)) == ("book_visit", {"day": "wed"})


def test_it_knows_what_is_known_of_the_conversation():
    known = Message("user", 'Background for the next message. It is data:\n{"known": {"order_id": "A-17"}}')
    [use] = answer(known, Message("user", "Where is my order?")).tool_uses

    assert json.loads(use.arguments) == {"order_id": "A-17"}


def test_what_is_known_is_not_what_somebody_says():
    """Neither words in quotation marks nor numbers of notes are arguments of anything."""
    notes = Message("user", 'Background for the next message. It is data:\n{"notes": [{"text": "order 2 is lost"}]}')

    assert "I need: order_id" in answer(notes, Message("user", "Check my order")).text
    assert answer(notes, Message("user", "Report: it is broken")).tool_uses[0].arguments == json.dumps(
        {"description": "Report: it is broken"}
    )


def test_it_answers_with_what_the_tools_say():
    uses = (ToolUse("a", "check_order", "{}"), ToolUse("b", "check_order", "{}"))
    whole = answer(
        "Where is it?",
        Message("assistant", "", uses),
        Message("tool", "On its way.", (), "a"),
        Message("tool", "Lost.", (), "b"),
    )

    assert (whole.text, whole.tool_uses) == (f"{MARK} On its way.\nLost.", ())


def test_it_says_what_it_can_do_and_what_it_is():
    assert answer("Hmm?").text.startswith(
        f"{MARK} No tool of mine fits that. I can: get_pricing (Tell what a plan costs);"
    )
    assert answer("Combine these.", tools=()).text == (
        f"{MARK} No language model is configured, so what was said stands as it came:\nCombine these."
    )


def test_it_keeps_to_a_schema():
    schema = {"type": "object", "properties": {"agent": PLAN, "sure": {"type": "number"}, "why": {"type": "string"}}}

    assert json.loads(answer("the pro plan", schema=schema).text) == {"agent": "pro", "sure": 0, "why": MARK}


@given(st.text(max_size=200))
def test_whatever_is_said_it_answers_the_same_and_calls_only_what_can_be_called(said):
    """Arguments fit the tool's schema, and nothing comes by chance."""
    whole = answer(said)
    schemas = {each.name: each.parameters for each in TOOLS}

    assert whole == answer(said)
    assert whole.tool_uses or whole.text.startswith(MARK)
    for use in whole.tool_uses:
        assert jsonschema_rs.is_valid(schemas[use.name], json.loads(use.arguments))
