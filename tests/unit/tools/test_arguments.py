"""Arguments of plain tools: what is let through, what is coerced, and what the model is told."""

from __future__ import annotations

import socket

import pytest

from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.tools.arguments import SchemaArguments, explain
from agenthost.tools.swaig import Call

INTEGER = {"type": "integer"}
CALL = Call("call-1", None, None, {}, {}, {"function": "t"})


def arguments(properties, *, takes=1, **schema):
    return SchemaArguments("t", {"type": "object", "properties": properties, **schema}, takes=takes)


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
        ({"type": "string", "format": "date"}, "text in the form of a date"),
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
    """A model is told what to send, from the schema alone."""
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
    ("declared", "sent", "received"),
    [
        (INTEGER, "5", 5),
        (INTEGER, " -7 ", -7),
        (INTEGER, 2**70, 2**70),
        ({"type": "number"}, "2.5", 2.5),
        ({"type": "number"}, "3", 3.0),
        ({"type": "boolean"}, "TRUE", True),
        ({"type": "boolean"}, " false ", False),
        ({"type": "string"}, "5", "5"),
        ({"enum": ["Monday", "Tuesday"]}, "monday", "Monday"),
        ({"enum": ["Straße"]}, "STRASSE", "Straße"),
        ({"enum": ["a", 1]}, "a", "a"),
        ({"type": ["integer", "null"]}, None, None),
        (True, "as it is", "as it is"),
        ({}, {"any": ["thing"]}, {"any": ["thing"]}),
    ],
)
def test_what_a_handler_receives(declared, sent, received):
    """Text that spells what is declared becomes it; everything else stays what it was."""
    actual = arguments({"value": declared}).check({"value": sent})

    assert {"value": received} == actual
    assert type(received) is type(actual["value"])


@pytest.mark.parametrize(
    ("declared", "sent", "sentence"),
    [
        (INTEGER, "five", "value must be an integer"),
        (INTEGER, "5.5", "value must be an integer"),
        (INTEGER, True, "value must be an integer"),
        (INTEGER, None, "value must be an integer"),
        (INTEGER, "9" * 5000, "value must be an integer"),
        ({"type": ["integer", "null"]}, "5", "value must be an integer"),
        ({"type": "number"}, "nan", "value must be a number"),
        ({"type": "number"}, "-inf", "value must be a number"),
        ({"type": "number"}, "1e999", "value must be a number"),
        ({"type": "boolean"}, "yes", "value must be true or false"),
        ({"type": "boolean"}, 1, "value must be true or false"),
        ({"type": "string"}, 5, "value must be text"),
        ({"enum": ["mon", "tue"]}, "sun", "value must be one of: mon, tue"),
        ({"enum": ["a", 1]}, "A", "value must be one of: a, 1"),
        ({"type": "object", "properties": {"n": INTEGER}, "required": ["n"]}, {}, "value.n must be an integer"),
        ({"type": "object", "properties": {"n": INTEGER}}, {"n": "5"}, "value.n must be an integer"),
        (
            {"type": "object", "properties": {"n": INTEGER}, "additionalProperties": False},
            {"m": 1},
            "value must be an object with n",
        ),
        ({"type": "array", "items": INTEGER}, [1, "x"], "value[1] must be an integer"),
        ({"allOf": [{"required": ["n"]}]}, {}, "value.n must be given"),
        (False, 1, "value must be something else"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(declared, sent, sentence):
    """The sentence says what would fit."""
    with pytest.raises(ArgumentsRefused) as caught:
        arguments({"value": declared}).check({"value": sent})

    assert sentence == str(caught.value)


def test_a_refusal_repeats_nothing_that_was_sent():
    with pytest.raises(ArgumentsRefused) as caught:
        arguments({"n": INTEGER}).check({"n": "my card is 4111"})

    assert "4111" not in str(caught.value)


def test_the_first_missing_argument_is_named():
    with pytest.raises(ArgumentsRefused, match=r"^day must be one of: mon, tue$"):
        arguments({"day": {"enum": ["mon", "tue"]}, "n": INTEGER}, required=["day", "n"]).check({"n": 1})


def test_a_rule_about_several_arguments_is_explained_as_a_whole():
    """Where no single argument is wrong, the model is told what belongs together."""
    with pytest.raises(ArgumentsRefused, match=r"^The arguments must be an object with a, b$"):
        arguments({"a": {}, "b": {}}, minProperties=2).check({"a": 1})


def test_a_required_argument_may_be_described_nowhere():
    """What ``required`` names is declared too, and reaches the handler."""
    assert arguments({"a": {}}, required=["b"]).check({"b": 1, "c": 2}) == {"b": 1}


def test_extras_are_dropped():
    assert arguments({"a": {}}).check({"a": 1, "b": 2}) == {"a": 1}


def test_extras_do_not_break_a_closed_schema():
    """A model that sends too much is not refused."""
    assert arguments({"a": {}}, additionalProperties=False).check({"a": 1, "b": 2}) == {"a": 1}


def test_a_tool_without_parameters_takes_anything():
    sent = {"a": 1, "b": [2]}
    received = arguments({}).check(sent)

    assert sent == received
    assert sent is not received


def test_what_was_sent_stays_as_it_was():
    """The request body, which the handler may also ask for, is not changed by coercion."""
    sent = {"n": "5", "extra": 1}
    arguments({"n": INTEGER}).check(sent)

    assert sent == {"n": "5", "extra": 1}


@pytest.mark.parametrize(("takes", "expected"), [(1, ({"n": 5},)), (2, ({"n": 5}, {"function": "t"}))])
def test_the_handler_gets_as_much_as_it_takes(takes, expected):
    assert expected == arguments({"n": INTEGER}, takes=takes).invoke(lambda *args: args, {"n": "5"}, CALL)


def test_references_within_the_schema():
    checked = arguments({"n": {"$ref": "#/$defs/count"}}, **{"$defs": {"count": {"type": "integer", "minimum": 1}}})

    assert checked.check({"n": 2}) == {"n": 2}
    with pytest.raises(ArgumentsRefused, match=r"^n must be as described$"):
        checked.check({"n": 0})


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9/s.json", "https://x.example/s.json", "file:///etc/hostname"])
def test_a_reference_to_elsewhere_is_refused_without_asking(uri, monkeypatch):
    """Defining a tool never opens a connection or a file."""
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("opened a socket"))

    with pytest.raises(DefinitionError, match="A tool's schema must be self-contained"):
        arguments({"a": {"$ref": uri}})


@pytest.mark.parametrize(
    "properties",
    [
        {"a": {"type": "strin"}},
        {"a": "string"},
        {"a": {"type": "string", "pattern": "("}},
        {"a": {"enum": "a"}},
        {"a": {"minimum": "1"}},
        {"a": {"enum": {1}}},
        {5: {"type": "string"}},
        {"a": {"$ref": "#/$defs/nowhere"}},
    ],
    ids=str,
)
def test_an_invalid_schema_is_refused_at_definition(properties):
    """The author hears of it, not the first caller."""
    with pytest.raises(DefinitionError, match=r"^tool 't': parameters are not a valid JSON Schema: "):
        arguments(properties)


def test_a_schema_that_contains_itself_is_refused():
    endless: dict[str, object] = {"type": "object"}
    endless["properties"] = {"again": endless}

    with pytest.raises(DefinitionError, match="not a valid JSON Schema"):
        arguments({"a": endless})
