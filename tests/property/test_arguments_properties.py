"""Arguments, whatever a model sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given, strategies as st

from agenthost.errors import ArgumentsRefused
from agenthost.tools.arguments import SchemaArguments
from agenthost.tools.swaig import Call
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
PROPERTIES = st.dictionaries(TEXT, SCHEMAS, min_size=1, max_size=3)


def attempt(function: Callable[..., Any], *args: Any) -> tuple[Any, str | None]:
    """What a function returns, and the sentence with which it refuses."""
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
    """Of what is declared, everything that reaches a handler fits; and nothing that fitted was refused."""
    sent = data.draw(st.dictionaries(st.sampled_from([*properties, "other"]), JSON, max_size=3))
    checked = SchemaArguments("t", {"type": "object", "properties": properties}, takes=1)
    declared = {name: value for name, value in sent.items() if name in properties}
    received, refused = attempt(checked.check, sent)

    if refused is not None:
        assert not all(fits(properties[name], value) for name, value in declared.items())
        assert " must be " in refused
    else:
        assert declared.keys() == received.keys()
        assert all(fits(properties[name], value) for name, value in received.items())


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
