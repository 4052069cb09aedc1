"""Sentences about calls that cannot be run: each says what to send."""

from __future__ import annotations

import pytest

from agenthost.tools.call_sentences import explain, explain_unknown, explain_unreadable

INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({}, "given"),
        ({"description": "Anything."}, "given"),
        ({"not": {"type": "string"}}, "as described"),
        ({"$ref": "#/$defs/day"}, "as described"),
        (True, "something else"),
        (False, "something else"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "null"}, "null"),
        ({"const": 5}, "exactly 5"),
        ({"enum": ["a", "b", 3]}, "one of: a, b, 3"),
        ({"type": "string", "enum": ["mon", "tue"]}, "one of: mon, tue"),
        ({"enum": list(range(20))}, "one of: " + ", ".join(map(str, range(20)))),
        ({"enum": list(range(21))}, "one of: " + ", ".join(map(str, range(20))) + ", …"),
        (INTEGER, "an integer"),
        ({"type": "integer", "minimum": 1, "maximum": 14}, "an integer, 1 to 14"),
        ({"type": "integer", "minimum": 0}, "an integer, at least 0"),
        ({"type": "integer", "maximum": 0}, "an integer, at most 0"),
        ({"type": "integer", "minimum": 3, "maximum": 3}, "an integer, 3"),
        ({"type": "integer", "exclusiveMinimum": 0}, "an integer, more than 0"),
        ({"type": "number", "exclusiveMaximum": 1.5}, "a number, less than 1.5"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "a number, at least 0, less than 1"),
        ({"type": "integer", "multipleOf": 15}, "an integer, a multiple of 15"),
        ({"type": "number"}, "a number"),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 2, "maxLength": 4}, "text of 2 to 4 characters"),
        ({"type": "string", "minLength": 5, "maxLength": 5}, "text of 5 characters"),
        ({"type": "string", "maxLength": 4}, "text of at most 4 characters"),
        ({"type": "string", "pattern": "^[A-Z]$"}, "text matching ^[A-Z]$"),
        ({"type": "string", "format": "date"}, "a date, like 2026-11-29"),
        ({"type": "string", "format": "date-time"}, "a date and time, like 2026-11-29T14:30:00"),
        ({"type": "string", "format": "time"}, "a time, like 14:30:00"),
        ({"type": "string", "format": "phone"}, "text in the form of a phone"),
        ({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["DE"]}, "text matching ^[A-Z]{2}$, like DE"),
        ({"type": "string", "format": "date", "examples": ["2027-01-02"]}, "a date, like 2027-01-02"),
        ({"type": "integer", "minimum": 1, "examples": [1042]}, "an integer, at least 1, like 1042"),
        ({"type": "string", "examples": ["x" * 61]}, "text"),
        ({"type": "string", "examples": []}, "text"),
        ({"type": "string", "examples": [["a"]]}, "text"),
        ({"type": "array"}, "a list"),
        ({"type": "array", "items": {}}, "a list"),
        ({"type": "array", "items": INTEGER}, "a list, each an integer"),
        ({"type": "array", "minItems": 1}, "a list of at least 1"),
        ({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}}, "a list of 2, each text"),
        ({"type": "object"}, "an object"),
        ({"type": "object", "properties": {"a": {}, "b": {}}}, "an object with a, b"),
        ({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}, "an object with b"),
        ({"type": ["integer", "null"], "minimum": 1}, "an integer, at least 1"),
        ({"type": ["integer", "string"]}, "an integer or text"),
        ({"anyOf": [INTEGER, {"type": "null"}]}, "an integer or null"),
        ({"oneOf": [{"const": 1}, {"type": "boolean"}]}, "exactly 1 or true or false"),
    ],
)
def test_what_a_schema_asks_for_is_said_in_words(schema, sentence):
    """The sentence for the model is made from the schema alone."""
    assert f"days must be {sentence}" == explain({"properties": {"days": schema}}, ["days"])


@pytest.mark.parametrize(
    ("schema", "path", "sentence"),
    [
        ({"type": "object", "properties": {"a": INTEGER}}, [], "The arguments must be an object with a"),
        ({"properties": {"v": {"properties": {"day": INTEGER}}}}, ["v", "day"], "v.day must be an integer"),
        ({"properties": {"v": {"items": INTEGER}}}, ["v", 2], "v[2] must be an integer"),
        ({"properties": {"v": {"items": {"items": INTEGER}}}}, ["v", 0, 1], "v[0][1] must be an integer"),
        (
            {"properties": {"v": {"items": {"properties": {"day": {"enum": ["mon"]}}}}}},
            ["v", 1, "day"],
            "v[1].day must be one of: mon",
        ),
        (
            {"properties": {"v": {"prefixItems": [INTEGER, {"type": "string"}], "items": {"type": "boolean"}}}},
            ["v", 1],
            "v[1] must be text",
        ),
        (
            {"properties": {"v": {"prefixItems": [INTEGER], "items": {"type": "boolean"}}}},
            ["v", 1],
            "v[1] must be true or false",
        ),
        ({"properties": {"v": {"additionalProperties": INTEGER}}}, ["v", "any"], "v.any must be an integer"),
        (
            {"properties": {"v": {"anyOf": [{"properties": {"n": INTEGER}}, {"type": "null"}]}}},
            ["v", "n"],
            "v.n must be an integer",
        ),
        (
            {
                "properties": {
                    "v": {"oneOf": [{"properties": {"n": INTEGER}}, {"properties": {"n": {"type": "string"}}}]}
                }
            },
            ["v", "n"],
            "v.n must be an integer or text",
        ),
        ({"properties": {"v": {"anyOf": [{"type": "null"}]}}}, ["v", "n"], "v.n must be given"),
        ({"properties": {"v": True}}, ["v", "n", 0], "v.n[0] must be given"),
        ({"properties": {}}, ["nowhere"], "nowhere must be given"),
    ],
)
def test_the_place_of_a_mistake_is_named(schema, path, sentence):
    """The path leads into objects, lists and alternatives."""
    assert sentence == explain(schema, path)


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "string", "format": "date"}, "days is missing; it must be a date, like 2026-11-29"),
        ({"enum": ["mon", "tue"]}, "days is missing; it must be one of: mon, tue"),
        ({}, "days is missing"),
        ({"not": {"type": "string"}}, "days is missing"),
    ],
)
def test_what_is_missing_is_called_so(schema, sentence):
    assert sentence == explain({"properties": {"days": schema}}, ["days"], missing=True)


def test_references_are_followed():
    """The target of a reference is described, also that of a recursive one."""
    schema = {
        "properties": {
            "n": {"$ref": "#/$defs/count"},
            "more": {"type": "array", "items": {"$ref": "#/$defs/count"}},
            "tree": {"$ref": "#/$defs/tree"},
            "odd": {"$ref": "#/$defs/a~1b~0c"},
            "nowhere": {"$ref": "#/$defs/nowhere"},
            "round": {"$ref": "#/properties/round"},
        },
        "$defs": {
            "count": {"type": "integer", "minimum": 1},
            "tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            "a/b~c": {"type": "boolean"},
        },
    }

    assert explain(schema, ["n"]) == "n must be an integer, at least 1"
    assert explain(schema, ["more", 1]) == "more[1] must be an integer, at least 1"
    assert explain(schema, ["more"]) == "more must be a list, each an integer, at least 1"
    assert explain(schema, ["tree", 0, 3]).startswith("tree[0][3] must be a list, each a list, each")
    assert explain(schema, ["odd"]) == "odd must be true or false"
    assert explain(schema, ["nowhere"]) == "nowhere must be as described"
    assert explain(schema, ["round"]) == "round must be as described"


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        (
            {"properties": {"day": {"type": "boolean"}}, "required": ["day"]},
            '{"day": <true or false>}',
        ),
        (
            {"properties": {"day": {"type": "string", "format": "date"}, "n": INTEGER}, "required": ["day"]},
            '{"day": <a date, like 2026-11-29>, "n": <an integer, optional>}',
        ),
    ],
)
def test_of_arguments_that_cannot_be_read_it_says_what_they_look_like(schema, sentence):
    assert explain_unreadable(schema) == f"The arguments cannot be read. Send one JSON object: {sentence}"
    assert explain_unreadable({"properties": {}}) == "The arguments cannot be read. Send one JSON object"


def test_of_many_arguments_some_are_shown():
    sentence = explain_unreadable({"properties": {f"n{number}": INTEGER for number in range(21)}})

    assert '"n19": <an integer, optional>, …}' in sentence
    assert "n20" not in sentence


def test_of_an_unknown_tool_it_says_which_there_are():
    assert explain_unknown("get-price", ["get_price", "order"]) == (
        "There is no tool called get-price. There are: get_price, order."
    )
    assert explain_unknown("x" * 65, []) == f"There is no tool called {'x' * 64}…. There are none."
