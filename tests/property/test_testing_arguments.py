"""Arguments that are made from schemas: they fit, or the host answers for them."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - hints of tools are read
import uuid  # noqa: TC003
from enum import Enum
from typing import Annotated, Any, Literal

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, strategies as st

from agenthost import AgentBase, DefinitionError, ToolSpec
from agenthost.testing import arguments_for, make_call


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Address(msgspec.Struct):
    street: str
    floor: Annotated[int, msgspec.Meta(ge=0, le=40)] = 0


class Shop(AgentBase):
    def __init__(self):
        super().__init__(name="shop")
        self.define_tool("plain", "Plain", {"n": {"type": "integer", "exclusiveMinimum": 2, "multipleOf": 3}}, dict)

    @AgentBase.tool
    def order(
        self,
        address: Address,
        size: Size,
        day: Literal["mon", "tue"],
        at: dt.datetime,
        when: dt.date,
        reference: uuid.UUID,
        titles: list[str],
        counts: dict[str, int],
        raw: bytes = b"",
        weight: float | None = None,
        code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "ABC",
    ) -> str:
        """Order something."""
        return f"{address} {size} {day} {at} {when} {reference} {titles} {counts} {raw!r} {weight} {code}"

    @AgentBase.tool("renamed")
    def other(self, n: int) -> str:
        """Do something else."""
        return str(n)


SHOP = Shop()


def run(name: str, arguments: dict[str, Any]) -> Any:
    """Call a tool as the host does, and return its result."""
    return SHOP._declared.draft.tools[name].call(arguments, make_call())


@given(arguments_for(SHOP.order))
def test_arguments_of_a_typed_tool_are_accepted(arguments):
    """They are checked and converted as the host does."""
    assert arguments["day"] in run("order", arguments)


PARTS = [
    {"type": "integer", "minimum": -9, "exclusiveMaximum": 9},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    {"type": ["string", "null"], "minLength": 2, "maxLength": 3},
    {"anyOf": [{"const": 5}, {"enum": ["a", None]}], "description": "Either"},
    {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 4, "uniqueItems": True},
    {"type": "object", "additionalProperties": {"type": "boolean"}},
    {"properties": {"x": {"type": "string"}}, "required": ["x"]},
    {},
]


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4), st.data())
def test_arguments_fit_their_schema(parts, data):
    properties = {f"n{number}": part for number, part in enumerate(parts)}
    schema = {"type": "object", "properties": properties, "required": list(properties)}

    assert jsonschema_rs.is_valid(schema, data.draw(arguments_for(schema)))


@given(arguments_for({"parameters": SHOP._declared.draft.tools["plain"].parameters}))
def test_numbers_keep_their_limits(arguments):
    """The description of a function in a document will do."""
    assert arguments.get("n", 3) % 3 == 0
    assert arguments.get("n", 3) > 2


@given(
    arguments_for(
        {
            "properties": {"tree": {"$ref": "#/$defs/tree"}},
            "$defs": {
                "tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "n": {"type": "integer"}}}
            },
        }
    )
)
def test_a_schema_may_contain_itself(arguments):
    assert set(arguments.get("tree", {})) <= {"left", "n"}


@given(st.data())
def test_a_renamed_tool_is_found(data):
    assert isinstance(data.draw(arguments_for(SHOP.other))["n"], int)


@given(arguments_for(ToolSpec("other", "Do something else", SHOP._declared.draft.tools["renamed"].parameters)))
def test_a_tool_of_a_call_will_do(arguments):
    assert isinstance(arguments["n"], int)


def test_arguments_that_do_not_fit_are_found():
    """Within the usual number of examples."""
    seen = set()

    @given(arguments_for(SHOP.other, fitting=False))
    def collect(arguments):
        seen.add("missing" if "n" not in arguments else type(arguments["n"]).__name__)
        seen.update("more" for name in arguments if name != "n")

    collect()

    assert {"missing", "int", "str", "more"} <= seen


@pytest.mark.parametrize("thing", [len, Shop, SHOP.set_param, "order"], ids=["function", "class", "method", "text"])
def test_something_else_is_no_tool(thing):
    with pytest.raises(DefinitionError, match=r"takes a tool of an agent, such as agent\.book"):
        arguments_for(thing)
