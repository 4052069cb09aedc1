"""Arguments in what a person says: what is named, and what merely looks like it."""

from __future__ import annotations

import pytest

from agenthost import Message, ToolSpec
from agenthost.builtin.offline.arguments import Heard, arguments, fill

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}


def found(name, schema, text, *, tool="check_order", answers=False, required=False, more=()):
    """Return the value that a text contains for one argument, or None."""
    properties = {name: schema, **dict(more)}
    parameters = {"type": "object", "properties": properties, "required": [name] if required else []}
    heard = Heard([Message("user", text)], 4000, answers=answers)
    return arguments(ToolSpec(tool, "Look at it", parameters), heard, "")[0].get(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Where is my order 1042?", "1042"),
        ("order number 1042", "1042"),
        ("Order no. 1042, please", "1042"),
        ("my order is 1042", "1042"),
        ("order #77", "77"),
        ("#1042", "1042"),
        ("ORD-2024-17", "ORD-2024-17"),
        ("it is TR734132", "TR734132"),
        ("order 2024-17", "2024-17"),
        ("check 1042", "1042"),
        ("Describe my order in 3-5 words", None),
        ("My order is 2 days late", None),
        ("my order 24 hours ago", None),
        ("order 12 pizzas", None),
        ("I need it in 24h", None),
        ("It was on 2026-11-29", None),
        ("Is 1042 on its way?", None),
        ("I paid 1042 for it", None),
        ("COVID-19", None),
        ("I use USB3 and MP3", None),
        ("Where is my order?", None),
    ],
)
def test_ids(text, value):
    """By the thing before it, or by a form that nothing else has."""
    assert value == found("order_id", TEXT, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1042", "1042"),
        ("It's 1042.", "1042"),
        ("I have waited for 1042 days", None),
        ("I have told you so many times, for 1042 reasons, that it is late", None),
    ],
)
def test_an_id_that_was_asked_for(text, value):
    """A short answer is one."""
    assert value == found("order_id", TEXT, text, answers=True, required=True)


@pytest.mark.parametrize(
    ("name", "schema", "text", "value"),
    [
        ("seats", INTEGER, "twelve seats, please", 12),
        ("seats", INTEGER, "for 5 people", 5),
        ("seats", INTEGER, "between 3 and 5", None),
        ("seats", INTEGER, "3-5 seats", None),
        ("seats", INTEGER, "2.5 seats", None),
        ("seats", {**INTEGER, "maximum": 4}, "12 seats", None),
        ("seats", {**INTEGER, "description": "How many people"}, "people: 4, tables: 2", 4),
        ("most_dollars", {"type": "number"}, "a laptop for my 3 kids", None),
        ("most_dollars", {"type": "number"}, "below 900 dollars", 900),
        ("most_dollars", {"type": "number"}, "below $900.50", 900.5),
        ("age", {"anyOf": [INTEGER, {"type": "null"}]}, "Ann, 30, Bern", 30),
    ],
)
def test_numbers(name, schema, text, value):
    """A lone one, or one beside a word of its argument."""
    assert value == found(name, schema, text)


def test_numbers_of_tools_that_change_something():
    """A lone number is one that is needed, or that is named."""
    assert found("amount", INTEGER, "Pay for my 3 kids", tool="pay") is None
    assert found("amount", INTEGER, "Pay 50", tool="pay", required=True) == 50
    assert found("amount", INTEGER, "Pay an amount of 50, for 3 kids", tool="pay", required=True) == 50
    assert found("amount", INTEGER, "Pay 50, for 3 kids", tool="pay", required=True) is None
    assert found("amount", INTEGER, "Pay the amount 50", tool="pay") == 50
    assert found("days", INTEGER, "7", tool="pay", answers=True, required=True) == 7


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"enum": ["mon", "tue"]}, "on Monday", "mon"),
        ({"enum": ["mon", "tue"]}, "mon", "mon"),
        ({"enum": ["mon", "tue"]}, "My monitor is broken", None),
        ({"enum": ["wed", "thu"]}, "a wedding on Thursday", "thu"),
        ({"enum": ["basic", "enterprise_plus"]}, "Enterprise plus", "enterprise_plus"),
        ({"enum": ["basic", "enterprise_plus"]}, "enterprise", "enterprise_plus"),
        ({"enum": ["plan_a", "plan_b"]}, "my plan", None),
        ({"enum": ["pro", "basic"]}, "a problem", None),
        ({"enum": [1, 2]}, "number 2", 2),
        ({"type": "array", "items": {"enum": ["mon", "tue"]}}, "on Tuesday", ["tue"]),
        ({"type": "array"}, "on Tuesday", None),
        ({"type": "boolean"}, "It is urgent", True),
        ({"type": "boolean"}, "It's not urgent", False),
        ({"type": "boolean"}, "It isn't very urgent", False),
        ({"type": "boolean"}, "insurgents", None),
        ({"type": "object"}, "urgent", None),
    ],
)
def test_choices_and_truths(schema, text, value):
    """The text contains a choice, or the day that it abbreviates.

    The beginning of another word does not count.
    """
    assert value == found("urgent", schema, text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "my name is ann lee", "ann"),
        ("name", "My name is Ann Lee.", "Ann Lee"),
        ("name", "I'm Ann", "Ann"),
        ("name", "I am looking for a laptop", None),
        ("name", "this is urgent", None),
        ("email", "it is ann@example.com", "ann@example.com"),
        ("phone", "call +49 30 555 1234", "+49 30 555 1234"),
        ("city", "the weather in Bern", "Bern"),
        ("city", "the weather in March", None),
        ("city", "the weather in Bern in March", "Bern"),
        ("date", "on 2026-11-29", "2026-11-29"),
        ("day", "tomorrow", "tomorrow"),
        ("note", 'say "hello"', None),
    ],
)
def test_texts(name, text, value):
    assert value == found(name, TEXT, text)


def test_a_quotation_is_for_what_is_needed():
    assert found("note", TEXT, 'say "hello"', required=True) == "hello"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("address", "12 Main Street, Bern", "12 Main Street, Bern"),
        ("address", "I do not know what you mean by that at all", None),
        ("address", "", None),
        ("email", "Ann", None),
        ("day", "whenever", None),
    ],
)
def test_a_short_answer_is_the_argument_that_was_asked_for(name, text, value):
    assert value == found(name, TEXT, text, answers=True, required=True)


def test_a_number_counts_for_one_argument():
    more = {"days": INTEGER, "seats": INTEGER}
    parameters = {"type": "object", "properties": {"order_id": TEXT, **more}}
    heard = Heard([Message("user", "order 1042 for 2 seats")], 4000, answers=False)

    assert arguments(ToolSpec("check_order", "Look", parameters), heard, "")[0] == {"order_id": "1042", "seats": 2}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["basic", "pro"]}, "pro"),
        ({"enum": ["mon"]}, "mon"),
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array"}}}, {"a": 0, "b": []}),
        ({"properties": {"a": {"anyOf": [{"type": "null"}, {"type": "boolean"}]}}}, {"a": False}),
        ({"type": "string"}, "none"),
        ({}, None),
    ],
)
def test_a_schema_is_filled(schema, value):
    assert value == fill(schema, "the pro plan", "none")
