"""Arguments, whatever a model sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given, strategies as st

from agenthost.errors import ArgumentsRefused
from agenthost.tools.argument_reader import ArgumentReader
from agenthost.tools.arguments import SchemaArguments
from agenthost.tools.swaig import Call, ToolRequest, Unreadable, read_arguments
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
LEAVES = st.one_of(
    st.builds(
        lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
        st.integers(-9, 9),
        st.integers(0, 9),
    ),
    st.sampled_from([{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}, {}]),
    st.lists(TEXT, min_size=1, max_size=3, unique_by=str.casefold).map(lambda choices: {"enum": choices}),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda item: {"type": "array", "items": item}),
        inner.map(lambda item: {"type": "object", "additionalProperties": item}),
        st.lists(inner, min_size=1, max_size=2).map(lambda options: {"anyOf": options}),
        st.dictionaries(TEXT, inner, max_size=2).map(
            lambda properties: {"type": "object", "properties": properties, "required": list(properties)}
        ),
    ),
    max_leaves=4,
)
PLAIN = st.recursive(
    st.sampled_from(
        [
            {"type": "integer", "minimum": -9, "maximum": 99},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "string"},
            {"enum": ["Mon", "TUE", "wed"]},
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda item: {"type": "array", "items": item}),
        st.dictionaries(st.sampled_from("xyz"), inner, min_size=1).map(
            lambda properties: {"type": "object", "properties": properties}
        ),
    ),
    max_leaves=4,
)
JSON_OF = msgspec.json.Encoder(order="sorted").encode
PROPERTIES = st.dictionaries(TEXT, SCHEMAS, min_size=1, max_size=3)


def attempt(function: Callable[..., Any], *args: Any) -> tuple[Any, str | None]:
    """Return the result of a function, and the sentence of its refusal."""
    try:
        return function(*args), None
    except ArgumentsRefused as refused:
        return None, str(refused)


def fits(schema: Any, value: Any) -> bool:
    """A model of JSON Schema, as far as ``SCHEMAS`` goes."""
    kind = schema.get("type")
    if "enum" in schema:
        return value in schema["enum"] and isinstance(value, str)
    if "anyOf" in schema:
        return any(fits(option, value) for option in schema["anyOf"])
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer":
        return number and value == int(value) and schema["minimum"] <= value <= schema["maximum"]
    if kind == "array":
        return isinstance(value, list) and all(fits(schema["items"], item) for item in value)
    if kind == "object":
        rules = schema.get("properties", {})
        return (
            isinstance(value, dict)
            and rules.keys() <= value.keys()
            and all(fits(rules.get(name, schema.get("additionalProperties", {})), item) for name, item in value.items())
        )
    return {
        "string": isinstance(value, str),
        "number": number,
        "boolean": isinstance(value, bool),
        "null": value is None,
        None: True,
    }[kind]


@given(PROPERTIES, st.data())
def test_what_is_let_through_fits_and_what_fits_is_let_through(properties, data):
    """All declared arguments that reach a handler fit.

    Arguments that fit are unchanged, and never refused.
    """
    sent = data.draw(st.dictionaries(st.sampled_from([*properties, "other"]), JSON, max_size=3))
    checked = SchemaArguments("t", {"type": "object", "properties": properties}, takes=1)
    declared = {name: value for name, value in sent.items() if name in properties}
    received, refused = attempt(checked.check, sent)

    if refused is not None:
        assert not all(fits(properties[name], value) for name, value in declared.items())
        assert " must be " in refused or refused.endswith(" is missing")
    else:
        assert all(fits(properties[name], value) for name, value in received.items())
        assert all(declared[name] is None for name in declared.keys() - received.keys())
        for name, value in declared.items():
            if fits(properties[name], value):
                assert JSON_OF(received[name]) == JSON_OF(value) or isinstance(value, float | dict | list)


@given(PROPERTIES, st.data())
def test_what_has_been_read_reads_the_same(properties, data):
    """A second reading changes nothing.

    The caller's arguments are never changed.
    """
    sent = data.draw(st.dictionaries(st.sampled_from([*properties, "other"]), JSON, max_size=3))
    before = JSON_OF(sent)
    reader = ArgumentReader({"type": "object", "properties": properties})
    read = reader.read(sent)

    assert JSON_OF(reader.read(read)) == JSON_OF(read)
    assert JSON_OF(reader.canonical(read)) == JSON_OF(reader.canonical(sent))
    assert before == JSON_OF(sent)


@st.composite
def fitting(draw, schema):
    """A value that fits a schema of ``PLAIN``."""
    kind = schema.get("type")
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if kind == "array":
        return draw(st.lists(fitting(schema["items"]), max_size=3))
    if kind == "object":
        return {name: draw(fitting(declared)) for name, declared in schema["properties"].items() if draw(st.booleans())}
    return draw(
        {
            "integer": st.integers(schema.get("minimum"), schema.get("maximum")),
            "number": st.floats(-1e9, 1e9).map(lambda number: round(number, 3)),
            "boolean": st.booleans(),
            "string": TEXT,
        }[kind]
    )


@st.composite
def garbled(draw, schema, value):
    """The same value as a careless model writes it."""
    if draw(st.booleans()):
        return value
    if "enum" in schema:
        return value.swapcase()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return f" {value}"
    if isinstance(value, list):
        items = [draw(garbled(schema["items"], item)) for item in value]
        return json.dumps(items) if draw(st.booleans()) else items
    if isinstance(value, dict):
        rules = schema["properties"]
        absent = {name: None for name in rules if name not in value and draw(st.booleans())}
        whole = absent | {name: draw(garbled(rules[name], item)) for name, item in value.items()}
        return json.dumps(whole) if draw(st.booleans()) else whole
    return value


@given(st.data())
def test_what_a_careless_model_writes_is_what_it_means(data):
    """By each rule, at every depth, and for the keys of idempotent tools too."""
    properties = data.draw(st.dictionaries(st.sampled_from("abc"), PLAIN, min_size=1))
    schema = {"type": "object", "properties": properties}
    checks = SchemaArguments("t", schema, takes=1)
    meant = data.draw(fitting(schema))
    written = data.draw(garbled(schema, meant))
    written = json.loads(written) if isinstance(written, str) else written

    assert checks.check(meant) == checks.check(written) == meant
    assert JSON_OF(checks.canonical(meant)) == JSON_OF(checks.canonical(written))


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.binary().map(lambda sent: sent.decode("latin-1")))
def test_text_is_an_object_or_cannot_be_read(text):
    """Nothing that says something becomes no arguments."""
    given = read_arguments(text)

    if isinstance(given, Unreadable):
        assert text.strip()
    else:
        assert (
            given or text.strip() in ("", "null") or json.loads(text) in ({}, "", None) or not text.strip(" {}\n\t\r")
        )


@given(JSON, JSON, JSON)
def test_whatever_a_body_holds_its_arguments_are_read_or_refused(parsed, raw, arguments):
    """A tool call is answered, whatever a bridge makes of the arguments."""
    argument = {"parsed": parsed, "raw": raw}
    called = ToolRequest.from_body({"function": "t", "argument": argument, "arguments": arguments})

    assert isinstance(called.arguments, dict | Unreadable)
    nothing = (None, "", {}, [])
    said = (parsed[0] if isinstance(parsed, list) and parsed else parsed, raw, arguments)
    if called.arguments == {}:
        assert all(each in nothing or not str(each).strip() for each in said)


def typed(n: int, word: str = "x", more: list[float] | None = None, table: dict[str, bool] | None = None) -> Any:
    """A tool."""
    return n, word, more, table


@given(st.dictionaries(st.sampled_from(["n", "word", "more", "table", "call", "raw_data", "other"]), JSON))
def test_a_typed_handler_gets_its_types_or_the_model_a_sentence(sent):
    """Nothing else comes of any arguments."""
    tool = Tool.define("t", typed)
    received, refused = attempt(tool.call, sent, Call("", None, None, {}, {}, {}))

    if refused is not None:
        assert " must be " in refused
    else:
        n, word, more, table = received
        assert int is type(n)
        assert str is type(word)
        msgspec.convert(more, list[float] | None)
        msgspec.convert(table, dict[str, bool] | None)
