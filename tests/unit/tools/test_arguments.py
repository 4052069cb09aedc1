"""Arguments of plain tools: those accepted, their reading, and sentences for the model."""

from __future__ import annotations

import json
import socket

import pytest

from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.tools.arguments import PassedOn, SchemaArguments
from agenthost.tools.swaig import UNREADABLE, Call

INTEGER = {"type": "integer"}
CALL = Call("call-1", None, None, {}, {}, {"function": "t"})


def arguments(properties, *, takes=1, **schema):
    return SchemaArguments("t", {"type": "object", "properties": properties, **schema}, takes=takes)


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
        ({"enum": ["a", 1]}, "A", "a"),
        ({"enum": ["a", 1]}, "1", 1),
        ({"enum": ["a", None, True]}, "TRUE", True),
        ({"enum": ["1", "2"]}, 2, "2"),
        ({"enum": [1, "1"]}, 1, 1),
        ({"const": "Yes"}, "yes", "Yes"),
        ({"type": ["integer", "null"]}, None, None),
        ({"type": ["integer", "null"]}, "5", 5),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["integer", "string"]}, "5", "5"),
        ({"type": ["integer", "boolean"]}, "true", True),
        ({"type": "null"}, "null", None),
        (INTEGER, 5.0, 5),
        (INTEGER, "5.0", 5),
        (INTEGER, "+5", 5),
        (INTEGER, "05", 5),
        ({"type": "number"}, ".5", 0.5),
        ({"type": "number"}, "1e3", 1000.0),
        ({"type": "number"}, 3, 3),
        ({"type": "string"}, 5, "5"),
        ({"type": "string"}, 2.50, "2.5"),
        ({"type": "string"}, "null", "null"),
        ({"type": "array", "items": INTEGER}, '[1, "2"]', [1, 2]),
        ({"type": "array", "items": {"enum": ["Mon"]}}, ["MON", "mon"], ["Mon", "Mon"]),
        ({"type": "array"}, [1, "a"], [1, "a"]),
        ({"type": "array", "prefixItems": [INTEGER, {"type": "string"}]}, ["1", 2, "x"], [1, "2", "x"]),
        ({"type": "array", "items": {"type": "array", "items": INTEGER}}, [["1"], "[2]"], [[1], [2]]),
        ({"type": "object", "properties": {"n": INTEGER}}, '{"n": "5", "m": 1}', {"n": 5, "m": 1}),
        ({"type": "object", "properties": {"n": INTEGER}}, {"n": None, "m": None}, {"m": None}),
        ({"type": "object", "properties": {"n": INTEGER}, "additionalProperties": False}, {"n": 1, "m": 1}, {"n": 1}),
        ({"type": "object", "additionalProperties": INTEGER}, {"a": "1"}, {"a": 1}),
        ({"type": "object", "patternProperties": {"^a": INTEGER}, "additionalProperties": False}, {"a": 1}, {"a": 1}),
        ({"properties": {"n": INTEGER}}, {"n": "5"}, {"n": 5}),
        ({"anyOf": [INTEGER, {"type": "string"}]}, "5", "5"),
        ({"anyOf": [INTEGER, {"type": "boolean"}]}, "5", 5),
        ({"anyOf": [INTEGER, {"type": "null"}]}, "5", 5),
        (
            {"oneOf": [{"type": "array", "items": INTEGER}, {"type": "array", "items": {"type": "string"}}]},
            ["1"],
            ["1"],
        ),
        ({"oneOf": [{"type": "array", "items": INTEGER}, {"type": "object"}]}, '["1"]', [1]),
        ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, "5", 5),
        (
            {"allOf": [{"properties": {"n": INTEGER}}, {"properties": {"m": {"enum": ["A"]}}}, True]},
            {"n": "1", "m": "a"},
            {"n": 1, "m": "A"},
        ),
        ({"anyOf": [{"type": "boolean"}, True]}, "true", "true"),
        ({"type": "string", "format": "date"}, "2026-11-29", "2026-11-29"),
        ({"type": "string", "format": "date-time"}, "2026-11-29T14:30", "2026-11-29T14:30"),
        ({"type": "string", "format": "time"}, "14:30", "14:30"),
        ({"type": "string", "format": "email"}, "ann at example", "ann at example"),
        ({"type": "string", "format": "phone"}, "555", "555"),
        (True, "as it is", "as it is"),
        ({}, {"any": ["thing"]}, {"any": ["thing"]}),
    ],
)
def test_what_a_handler_receives(declared, sent, received):
    """Values are converted by rule, at every depth.

    All other values stay.
    """
    actual = arguments({"value": declared}).check({"value": sent})

    assert {"value": received} == actual
    assert type(received) is type(actual["value"])


@pytest.mark.parametrize(
    ("declared", "sent", "sentence"),
    [
        (INTEGER, "five", "value must be an integer"),
        (INTEGER, "5.5", "value must be an integer"),
        (INTEGER, True, "value must be an integer"),
        (INTEGER, "9" * 5000, "value must be an integer"),
        (INTEGER, "1_000", "value must be an integer"),
        (INTEGER, "123456789012345678901.0", "value must be an integer"),
        (INTEGER, "null", "value must be an integer"),
        ({"type": ["integer", "null"]}, "five", "value must be an integer"),
        ({"type": "number"}, "nan", "value must be a number"),
        ({"type": "number"}, "-inf", "value must be a number"),
        ({"type": "number"}, "1e999", "value must be a number"),
        ({"type": "boolean"}, "yes", "value must be true or false"),
        ({"type": "boolean"}, 1, "value must be true or false"),
        ({"type": "string"}, True, "value must be text"),
        ({"type": "string"}, ["a"], "value must be text"),
        ({"type": "string", "format": "date"}, "tomorrow", "value must be a date, like 2026-11-29"),
        ({"type": "string", "format": "date"}, 20261129, "value must be a date, like 2026-11-29"),
        ({"type": "string", "format": "time"}, "half past two", "value must be a time, like 14:30:00"),
        ({"type": "array", "items": INTEGER}, "1, 2", "value must be a list, each an integer"),
        ({"type": "array", "items": INTEGER}, '{"n": 1}', "value must be a list, each an integer"),
        ({"type": "object", "properties": {"n": INTEGER}}, "{'n': 1}", "value must be an object with n"),
        ({"type": "object", "properties": {"n": INTEGER}}, '{"n": 1', "value must be an object with n"),
        ({"enum": ["a", "A", "b"]}, "á", "value must be one of: a, A, b"),
        ({"enum": ["ss", "SS"]}, "Ss", "value must be one of: ss, SS"),
        ({"oneOf": [INTEGER, {"type": "null"}]}, "x", "value must be an integer or null"),
        ({"enum": ["mon", "tue"]}, "sun", "value must be one of: mon, tue"),
        ({"type": "object", "properties": {"n": INTEGER}}, {"n": "x"}, "value.n must be an integer"),
        (
            {"type": "object", "properties": {"n": INTEGER}, "required": ["n"]},
            {},
            "value.n is missing; it must be an integer",
        ),
        (
            {"type": "object", "properties": {"n": INTEGER}, "required": ["n"]},
            {"n": None},
            "value.n is missing; it must be an integer",
        ),
        ({"type": "array", "items": INTEGER}, [None], "value[0] must be an integer"),
        ({"type": "array", "items": INTEGER}, [1, "x"], "value[1] must be an integer"),
        ({"allOf": [{"required": ["n"]}]}, {}, "value.n is missing"),
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
    with pytest.raises(ArgumentsRefused, match=r"^day is missing; it must be one of: mon, tue$"):
        arguments({"day": {"enum": ["mon", "tue"]}, "n": INTEGER}, required=["day", "n"]).check({"n": 1})


def test_a_rule_about_several_arguments_is_explained_as_a_whole():
    """If no single argument is wrong, the sentence names the required combination."""
    with pytest.raises(ArgumentsRefused, match=r"^The arguments must be an object with a, b$"):
        arguments({"a": {}, "b": {}}, minProperties=2).check({"a": 1})


def test_a_required_argument_may_be_described_nowhere():
    """A name in ``required`` counts as declared, and reaches the handler."""
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
    """The request body, which the handler may also read, is not changed by reading it."""
    sent = {"n": "5", "extra": 1, "more": [{"n": "5", "m": None}]}
    more = {"type": "array", "items": {"type": "object", "properties": {"n": INTEGER, "m": INTEGER}}}
    arguments({"n": INTEGER, "more": more}).check(sent)

    assert sent == {"n": "5", "extra": 1, "more": [{"n": "5", "m": None}]}


@pytest.mark.parametrize("properties", [{}, {"n": INTEGER}])
def test_what_cannot_be_read_is_refused(properties):
    """A handler that reads a dictionary never gets an empty one instead."""
    with pytest.raises(ArgumentsRefused, match=r"^The arguments cannot be read\. Send one JSON object"):
        arguments(properties).check(UNREADABLE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"n": 5}, {"n": "5"}),
        ({"n": 5}, {"n": 5.0}),
        ({"n": 5}, {"n": 5, "unknown": 1}),
        ({"n": 5}, {"n": 5, "note": ""}),
        ({"n": 5}, {"n": 5, "note": None}),
        ({"n": 5}, {"n": 5, "when": None}),
        ({"n": 5, "rooms": [{"number": 1}]}, {"rooms": '[{"number": "1", "beds": 2.0}]', "n": 5}),
        ({"n": 5, "room": {"number": 1}}, {"n": 5, "room": {"beds": 2, "number": 1.0}}),
    ],
    ids=str,
)
def test_the_same_arguments_written_differently(first, second):
    """They are one, so an idempotent tool runs once."""
    room = {"type": "object", "properties": {"number": {"type": "number"}, "beds": {"type": "integer", "default": 2}}}
    either = {"anyOf": [room, {"type": "null"}]}
    properties = {
        "n": INTEGER,
        "note": {"type": "string", "default": ""},
        "when": {"type": ["string", "null"], "default": None},
        "rooms": {"type": "array", "items": room},
        "room": either,
    }
    checks = arguments(properties)

    assert checks.canonical(first) == checks.canonical(second)
    assert PassedOn({}, checks.accepted).canonical(first) == checks.canonical(second)


@pytest.mark.parametrize("second", [{"n": 6}, {"n": 5, "note": "x"}, {"n": True}, {"n": 5.5}, {}], ids=str)
def test_other_arguments_are_others(second):
    checks = arguments({"n": INTEGER, "note": {"type": "string", "default": ""}})

    assert json.dumps(checks.canonical({"n": 5})) != json.dumps(checks.canonical(second))


def test_without_declared_parameters_all_count():
    assert arguments({}).canonical({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(("takes", "expected"), [(1, ({"n": 5},)), (2, ({"n": 5}, {"function": "t"}))])
def test_the_handler_gets_as_much_as_it_takes(takes, expected):
    assert expected == arguments({"n": INTEGER}, takes=takes).invoke(lambda *args: args, {"n": "5"}, CALL)


def test_references_within_the_schema():
    checked = arguments({"n": {"$ref": "#/$defs/count"}}, **{"$defs": {"count": {"type": "integer", "minimum": 1}}})

    assert checked.check({"n": 2}) == {"n": 2}
    assert checked.check({"n": "2"}) == {"n": 2}
    with pytest.raises(ArgumentsRefused, match=r"^n must be an integer, at least 1$"):
        checked.check({"n": 0})


def test_a_schema_that_refers_to_itself():
    """It is read as deep as what was sent."""
    tree = {
        "type": "object",
        "properties": {"n": INTEGER, "below": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
    }
    checked = arguments({"tree": {"$ref": "#/$defs/tree"}}, **{"$defs": {"tree": tree}})
    sent = {"tree": {"n": "1", "below": [{"n": "2", "below": '[{"n": "3"}]'}]}}

    assert checked.check(sent) == {"tree": {"n": 1, "below": [{"n": 2, "below": [{"n": 3}]}]}}


@pytest.mark.parametrize("nothing", [{"$ref": "#/properties/value"}, {"allOf": [{"$ref": "#/properties/value"}]}])
def test_a_reference_that_leads_nowhere_else_reads_nothing(nothing):
    reader = arguments({"value": nothing, "n": INTEGER})

    assert reader.read({"value": "5", "n": "5"}) == {"value": "5", "n": 5}


@pytest.mark.parametrize(
    ("declared", "sent", "received"),
    [
        (INTEGER, None, {}),
        ({"type": "string"}, None, {}),
        ({"enum": ["a"]}, None, {}),
        ({"$ref": "#/$defs/count"}, None, {}),
        ({"not": {"type": "null"}}, None, {}),
        ({"type": ["integer", "null"]}, None, {"value": None}),
        ({"type": "null"}, None, {"value": None}),
        ({"enum": ["a", None]}, None, {"value": None}),
        ({"anyOf": [INTEGER, {"type": "null"}]}, None, {"value": None}),
        ({"description": "Anything."}, None, {"value": None}),
        (True, None, {"value": None}),
    ],
    ids=str,
)
def test_null_for_what_is_optional_means_that_it_was_not_given(declared, sent, received):
    """Null that is a value of its own stays."""
    assert arguments({"value": declared}, **{"$defs": {"count": INTEGER}}).check({"value": sent}) == received


@pytest.mark.parametrize("sent", [{}, {"value": None}], ids=str)
def test_null_for_what_is_required_is_missing(sent):
    with pytest.raises(ArgumentsRefused, match=r"^value is missing; it must be an integer$"):
        arguments({"value": INTEGER}, required=["value"]).check(sent)


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
