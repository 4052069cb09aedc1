"""Typed tools: type hints and docstrings, and the conversion of arguments."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import enum
import re
import sys
import types
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, Optional, TypedDict

import attrs
import msgspec
import pytest

from agenthost.errors import ArgumentsRefused, DefinitionError
from agenthost.tools.signatures import is_plain, read_signature
from agenthost.tools.swaig import UNREADABLE, Call
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from decimal import Decimal

    from agenthost.results import FunctionResult

CALL = Call("call-1", "Ann", "+15551234567", {}, {}, {"call_id": "call-1", "extra": 1})


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    LARGE = 3
    SMALL = 1


@attrs.frozen
class Room:
    """A room."""

    number: int
    beds: Annotated[int, msgspec.Meta(ge=1, le=4)] = 2


@dataclass
class Stay:
    room: Room
    nights: list[int]


class Guest(TypedDict):
    name: str


class Card(msgspec.Struct, tag="card"):
    number: str


class Cash(msgspec.Struct, tag="cash"):
    amount: int


@attrs.frozen
class Node:
    below: Node | None = None


class Unknown:
    """Nothing that JSON could describe."""


UserId = NewType("UserId", int)


def tool(handler):
    return Tool.define("t", handler)


def schema_of(hint, *, default=None):
    """The schema of one parameter of this type."""

    def handler(value): ...

    handler.__annotations__["value"] = hint
    if default is not None:
        handler.__defaults__ = (default,)
    return tool(handler).parameters["properties"]["value"]


def converted(hint, value):
    """Return the value that a handler with one parameter of this type receives."""

    def handler(value):
        return value

    handler.__annotations__["value"] = hint
    return tool(handler).call({"value": value}, CALL)


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (list, {"type": "array"}),
        (dict, {"type": "object"}),
        (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (UserId, {"type": "integer"}),
        (dt.date, {"type": "string", "format": "date"}),
        (int | None, {"type": "integer"}),
        (Optional[str], {"type": "string"}),  # noqa: UP045 - as many authors write it
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (int | str | None, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["tue", "mon"], {"type": "string", "enum": ["tue", "mon"]}),
        (Literal["tue", "mon"] | None, {"type": "string", "enum": ["tue", "mon"]}),
        (Literal[3, 1], {"type": "integer", "enum": [3, 1]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Annotated[Literal["b", "a"], "a comment"], {"type": "string", "enum": ["b", "a"]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (Colour | None, {"type": "string", "enum": ["red", "blue"]}),
        (Size, {"type": "integer", "enum": [3, 1]}),
        (Annotated[int, msgspec.Meta(ge=1, le=14)], {"type": "integer", "minimum": 1, "maximum": 14}),
        (Annotated[int, msgspec.Meta(gt=0)], {"type": "integer", "exclusiveMinimum": 0}),
        (Annotated[str, msgspec.Meta(pattern="^a")], {"type": "string", "pattern": "^a"}),
        (Annotated[str, msgspec.Meta(description="Own.")], {"type": "string", "description": "Own."}),
        (
            Annotated[list[Annotated[int, msgspec.Meta(ge=1)]], msgspec.Meta(max_length=2)],
            {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 2},
        ),
        (Guest, {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}),
        (
            Room,
            {
                "type": "object",
                "description": "A room.",
                "properties": {"number": {"type": "integer"}, "beds": {"type": "integer", "minimum": 1, "maximum": 4}},
                "required": ["number"],
            },
        ),
    ],
    ids=str,
)
def test_what_the_model_is_told_of_a_type(hint, schema):
    """The schema has no references, titles, defaults or nulls.

    Choices stay in the author's order.
    """
    actual = schema_of(hint)

    assert schema == actual
    assert schema.get("enum") == actual.get("enum")


def test_nested_classes_are_written_out():
    """Models read a schema best without references."""
    assert {
        "type": "object",
        "properties": {"room": schema_of(Room), "nights": {"type": "array", "items": {"type": "integer"}}},
        "required": ["room", "nights"],
    } == schema_of(Stay)


@pytest.mark.parametrize(
    ("hint", "sent", "received"),
    [
        (int, "5", 5),
        (int, 5.0, 5),
        (float, 1, 1.0),
        (float, "1.5", 1.5),
        (bool, "True", True),
        (str, "5", "5"),
        (int | None, None, None),
        (int | None, "5", 5),
        (int | str, "5", "5"),
        (Colour, "RED", Colour.RED),
        (Size, "3", Size.LARGE),
        (Literal["Monday"], "monday", "Monday"),
        (dt.date, "2026-01-31", dt.date(2026, 1, 31)),
        (list[int], ["1", 2], [1, 2]),
        (set[int], [1, 1], {1}),
        (tuple[int, str], [1, "a"], (1, "a")),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict[str, int], {"a": "1"}, {"a": 1}),
        (dict[int, str], {"1": "a"}, {1: "a"}),
        (str, 5, "5"),
        (str | None, "null", "null"),
        (int | None, "null", None),
        (int | bool, "true", True),
        (list[int] | str, "[1]", "[1]"),
        (list[int] | None, "[1]", [1]),
        (list[Literal["Mon"]], ["MON"], ["Mon"]),
        (list[Room], '[{"number": "4", "beds": null}]', [Room(4, 2)]),
        (Room, '{"number": 4}', Room(4, 2)),
        (Room, {"number": 4, "beds": None}, Room(4, 2)),
        (Stay, {"room": '{"number": "4"}', "nights": "[1]"}, Stay(Room(4, 2), [1])),
        (Card | Cash, {"type": "CASH", "amount": "3"}, Cash(3)),
        (Card | Cash, '{"type": "cash", "amount": 3, "note": 1}', Cash(3)),
        (Room | None, {"number": "4"}, Room(4, 2)),
        (decimal.Decimal, 9.5, decimal.Decimal("9.5")),
        (dt.timedelta, "PT90M", dt.timedelta(minutes=90)),
        (dt.datetime, "2026-11-29T14:30:00", dt.datetime.fromisoformat("2026-11-29T14:30")),
        (dt.datetime | int, "2026-11-29T14:30:00", dt.datetime.fromisoformat("2026-11-29T14:30")),
        (Room, {"number": 4}, Room(4, 2)),
        (Stay, {"room": {"number": 4, "beds": 1}, "nights": [1]}, Stay(Room(4, 1), [1])),
        (Guest, {"name": "Ann"}, {"name": "Ann"}),
        (Card | Cash, {"type": "cash", "amount": 3}, Cash(3)),
        (UserId, 5, 5),
        (Any, {"a": [None]}, {"a": [None]}),
    ],
    ids=str,
)
def test_what_a_handler_receives(hint, sent, received):
    """Arguments arrive as the declared types."""
    actual = converted(hint, sent)

    assert received == actual
    assert type(received) is type(actual)


@pytest.mark.parametrize(
    ("hint", "sent", "sentence"),
    [
        (int, "five", "value must be an integer"),
        (int, 5.5, "value must be an integer"),
        (int, None, "value is missing; it must be an integer"),
        (str, True, "value must be text"),
        (str, None, "value is missing; it must be text"),
        (list[int], [1, None], "value[1] must be an integer"),
        (bool, "perhaps", "value must be true or false"),
        (bool, 1, "value must be true or false"),
        (dt.date, "soon", "value must be a date, like 2026-11-29"),
        (dt.date, 5, "value must be a date, like 2026-11-29"),
        (dt.datetime, "soon", "value must be a date and time, like 2026-11-29T14:30:00"),
        (dt.time, "14:30", "value must be a time, like 14:30:00"),
        (dt.timedelta, "an hour", "value must be a duration, like PT90M"),
        (uuid.UUID, "abc", "value must be a UUID, like 123e4567-e89b-12d3-a456-426614174000"),
        (decimal.Decimal, "much", "value must be a decimal number, like 9.99"),
        (Annotated[int, msgspec.Meta(ge=1, le=14)], 15, "value must be an integer, 1 to 14"),
        (Annotated[int, msgspec.Meta(gt=0)], 0, "value must be an integer, more than 0"),
        (Annotated[str, msgspec.Meta(min_length=2)], "a", "value must be text of at least 2 characters"),
        (Annotated[str, msgspec.Meta(pattern="^a$")], "b", "value must be text matching ^a$"),
        (Colour, "green", "value must be one of: red, blue"),
        (Literal[3, 1], 2, "value must be one of: 3, 1"),
        (list[int], [1, "x"], "value[1] must be an integer"),
        (list[list[int]], [[1], ["x"]], "value[1][0] must be an integer"),
        (tuple[int, str], ["x", "a"], "value[0] must be an integer"),
        (dict[str, int], {"a": "x"}, "value.* must be an integer"),
        (Room, 5, "value must be an object with number"),
        (Room, {}, "value.number is missing; it must be an integer"),
        (Room, {"number": None}, "value.number is missing; it must be an integer"),
        (Room, "{'number': 4}", "value must be an object with number"),
        (Room, {"number": 1, "beds": 9}, "value.beds must be an integer, 1 to 4"),
        (Stay, {"room": {}, "nights": []}, "value.room.number is missing; it must be an integer"),
        (Stay, {"room": {"number": 1}, "nights": [1, "x"]}, "value.nights[1] must be an integer"),
        (list[Room], [{"number": 1}, {"number": "x"}], "value[1].number must be an integer"),
        (list[Room], [{"number": 1}, {}], "value[1].number is missing; it must be an integer"),
        (Guest, {}, "value.name is missing; it must be text"),
        (Card | Cash, {"type": "cash", "amount": "x"}, "value.amount must be an integer"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_with_a_sentence(hint, sent, sentence):
    """The sentence names the place and what would fit."""
    with pytest.raises(ArgumentsRefused) as caught:
        converted(hint, sent)

    assert sentence == str(caught.value)


def test_a_missing_argument_is_named():
    def book(day: Literal["mon"], nights: int): ...

    with pytest.raises(ArgumentsRefused, match=r"^nights is missing; it must be an integer$"):
        tool(book).call({"day": "mon"}, CALL)


def test_null_for_what_has_a_default_means_the_default():
    """Null that is a value of the type stays."""

    def book(nights: int = 3, day: Literal["mon"] = "mon", note: str | None = "none", anything: Any = 1):
        return nights, day, note, anything

    sent = {"nights": None, "day": None, "note": None, "anything": None}
    assert tool(book).call(sent, CALL) == (3, "mon", None, None)


def test_what_cannot_be_read_is_refused():
    """A tool with defaults never runs with them instead."""

    def discard(which: str = "all"):
        return which

    with pytest.raises(ArgumentsRefused, match=r'^The arguments cannot be read\. .*\{"which": <text, optional>\}$'):
        tool(discard).call(UNREADABLE, CALL)


def test_a_tool_that_takes_nothing_runs_whatever_was_sent():
    def now(call: Call):
        return call.id

    assert tool(now).call(UNREADABLE, CALL) == "call-1"


@pytest.mark.parametrize(
    "written",
    [
        {"room": {"number": 4, "beds": 2}, "colour": "red"},
        {"room": {"number": "4"}, "colour": "RED"},
        {"room": '{"number": 4.0}', "tags": []},
        {"room": {"number": 4, "beds": None, "other": 1}, "tags": None, "note": None},
    ],
    ids=str,
)
def test_the_same_arguments_written_differently(written):
    """A value that equals a default counts as not given, at every depth."""

    def book(room: Room, colour: Colour = Colour.RED, tags: list[str] = [], note: str | None = None): ...  # noqa: B006

    same = tool(book).arguments.canonical

    assert same({"room": {"number": 4}}) == same(written)
    assert same({"room": {"number": 5}}) != same(written)


def test_a_default_that_json_cannot_carry_is_none_that_can_be_spelt_out():
    def book(rooms: list[str] = [Unknown]): ...  # noqa: B006

    assert tool(book).arguments.canonical({"rooms": []}) == {"rooms": []}


def test_required_are_parameters_without_default():
    def book(day: str, nights: int = 1, *, room: int, note: str | None = None): ...

    described = tool(book).parameters

    assert list(described["properties"]) == ["day", "nights", "room", "note"]
    assert described["required"] == ["day", "room"]


def test_no_parameters():
    """Any arguments call the handler."""

    def now():
        return "noon"

    assert tool(now).parameters == {"type": "object", "properties": {}}
    assert tool(now).call({"zone": "UTC"}, CALL) == "noon"


def test_extras_are_dropped():
    def book(day: str):
        return day

    assert tool(book).call({"day": "mon", "other": 1}, CALL) == "mon"


def test_a_parameter_without_type_is_text():
    def book(day):
        return day

    assert schema_of(str) == tool(book).parameters["properties"]["day"]
    with pytest.raises(ArgumentsRefused, match="day must be text"):
        tool(book).call({"day": [5]}, CALL)


def test_names_that_json_schema_uses_itself():
    def book(title: str, default: str, enum: str = "e", properties: str = "p"):
        return title, default, enum, properties

    assert list(tool(book).parameters["properties"]) == ["title", "default", "enum", "properties"]
    assert tool(book).call({"title": "a", "default": "b"}, CALL) == ("a", "b", "e", "p")


@pytest.mark.parametrize(
    ("default", "hint", "change"),
    [
        ([1], list[int], lambda value: value.append(2)),
        ({"a": 1}, dict[str, int], lambda value: value.update(b=2)),
        ({1}, set[int], lambda value: value.add(2)),
        ([[1]], list[list[int]], lambda value: value[0].append(2)),
        ({"a": [1]}, dict[str, list[int]], lambda value: value["a"].append(2)),
    ],
    ids=["list", "dict", "set", "list-of-lists", "dict-of-lists"],
)
def test_a_mutable_default_is_fresh_for_each_call(default, hint, change):
    """A call's changes to a default never reach the next call, at any depth."""

    def handler(value=default):
        seen = repr(value)
        change(value)
        return seen

    handler.__annotations__["value"] = hint
    made = tool(handler)

    assert [repr(default)] * 2 == [made.call({}, CALL) for _ in range(2)]


GOOGLE = """Book a stay.

    The guest is asked first.

    Args:
        day (str): day of
            arrival
        nights: how many
    """
NUMPY = """Book a stay.

    The guest is asked first.

    Parameters
    ----------
    day : str
        day of
        arrival
    nights : int
        how many
    """
SPHINX = """Book a stay.

    The guest is asked first.

    :param day: day of
        arrival
    :param nights: how many
    """


@pytest.mark.parametrize("doc", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_descriptions_come_from_the_docstring(doc):
    """Each style says what the tool and its parameters are."""

    def book(day: str, nights: int = 1): ...

    book.__doc__ = doc
    described = tool(book)

    assert described.description == "Book a stay.\nThe guest is asked first."
    assert {name: schema["description"] for name, schema in described.parameters["properties"].items()} == {
        "day": "day of arrival",
        "nights": "how many",
    }


def test_the_docstring_wins_over_an_annotation():
    """It is what the author sees beside the code."""

    def book(day: Annotated[str, msgspec.Meta(description="annotated", min_length=1)]):
        """Book.

        Args:
            day: documented
        """

    assert tool(book).parameters["properties"]["day"] == {
        "type": "string",
        "description": "documented",
        "minLength": 1,
    }


def test_without_docstring():
    assert tool(lambda: "").description == "Execute t"


def test_the_call_and_the_body_are_passed_when_asked_for():
    """They are not the model's to send, and the model is not told of them."""

    def book(day: str, call: Call, raw_data: dict):
        return day, call, raw_data

    assert list(tool(book).parameters["properties"]) == ["day"]
    assert ("mon", CALL, CALL.raw_data) == tool(book).call({"day": "mon", "call": "x", "raw_data": "y"}, CALL)


@pytest.mark.parametrize("name", ["call", "raw_data"])
def test_each_alone_is_passed_when_asked_for(name):
    namespace: dict[str, Any] = {}
    exec(f"def book(day, *, {name}): return {name}", namespace)  # noqa: S102 - the table's name
    expected = {"call": CALL, "raw_data": CALL.raw_data}[name]

    assert expected is tool(namespace["book"]).call({"day": "mon"}, CALL)


def test_a_return_type_may_exist_only_while_type_checking():
    def book(day: str) -> FunctionResult:
        return day

    assert tool(book).call({"day": "mon"}, CALL) == "mon"


def test_the_host_s_own_arguments_may_be_typed_by_names_that_exist_only_while_type_checking():
    def book(day: str, call: NowhereToBeFound, raw_data: NowhereToBeFound):  # noqa: F821
        return day

    assert tool(book).call({"day": "mon"}, CALL) == "mon"


def test_a_parameter_s_type_must_exist():
    """The error says what to move."""

    def pay(amount: Decimal): ...

    with pytest.raises(
        DefinitionError, match=r"^tool 't': a type hint .* \(\S+\.py:\d+\): name 'Decimal' .*TYPE_CHECKING"
    ):
        tool(pay)


def test_hints_are_read_where_the_handler_was_written():
    """Two modules may mean different things by one name."""
    module = types.ModuleType("elsewhere")
    code = "from __future__ import annotations\nDay = int\ndef book(day: Day): return day"
    exec(code, vars(module))  # noqa: S102 - a module of its own

    assert tool(module.book).call({"day": "5"}, CALL) == 5


@pytest.mark.parametrize(
    ("source", "named"),
    [("def f(*days): ...", r"\*days"), ("def f(**days): ...", r"\*\*days"), ("def f(day, /): ...", "day")],
)
def test_parameters_that_a_model_cannot_name(source, named):
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102 - the table's function

    with pytest.raises(DefinitionError, match=rf"^tool 't': parameter {named} cannot be described to a model"):
        tool(namespace["f"])


@pytest.mark.parametrize("hint", [Unknown, complex, object, list[Unknown], dict[int, Unknown]], ids=str)
def test_a_type_that_json_cannot_carry(hint):
    """The error names the parameter, its type, the file and the line."""
    with pytest.raises(DefinitionError) as refused:
        schema_of(hint)
    found = re.fullmatch(
        r"tool 't': parameter '(\w+)' is of the type (\S.*), which cannot be described to a model "
        r"\([\w/]*test_signatures\.py:\d+\)\. fix: use str, .*",
        str(refused.value),
    )
    assert found
    assert "Unknown" in found[2] or found[2] == hint.__name__


def test_a_class_that_contains_itself():
    """Its schema would have no end."""
    with pytest.raises(DefinitionError, match=r"is of the type Node, which contains itself, and cannot be"):
        schema_of(Node)


def test_an_async_handler_is_called_with_its_types():
    async def book(nights: int):
        await asyncio.sleep(0)
        return nights

    made = tool(book)

    assert made.on_loop
    assert asyncio.run(made.call({"nights": "5"}, CALL)) == 5


def test_a_bound_method_is_read_without_self():
    class Desk:
        def book(self, nights: int):
            return self, nights

    desk = Desk()

    assert (desk, 3) == tool(desk.book).call({"nights": 3}, CALL)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (lambda args: 0, True),
        (lambda args, raw_data: 0, True),
        (lambda args, raw_data=None: 0, True),
        (lambda raw_data: 0, True),
        (lambda: 0, False),
        (lambda day: 0, False),
        (lambda day, raw_data: 0, False),
        (lambda *args: 0, True),
        (print, True),
        (type("", (), {"__signature__": 5, "__call__": lambda self: 0})(), True),
    ],
)
def test_plain_handlers_are_known_by_their_first_parameter(handler, expected):
    """A handler whose signature nobody can read is called the plain way."""
    assert expected is is_plain(handler)


def test_a_signature_is_a_value():
    """It has no reference to the handler."""

    def book(day: str): ...

    references = sys.getrefcount(book)
    read = read_signature("t", book)

    assert read.summary == "Execute t"
    assert references == sys.getrefcount(book)
