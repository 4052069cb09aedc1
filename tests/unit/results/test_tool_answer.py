"""Answers to tool calls, from any value, including those that JSON cannot carry."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import attrs
import conformance
import msgspec
import pytest

from agenthost._web.request.tool_answers import encoded as written, swaig_fields
from agenthost.results import FunctionResult, HandOver
from agenthost.results.tool_answer import MAX_ANSWER, ToolAnswer


def sibling(name):
    """The key of an agent of this host."""
    if name != "Sales":
        raise LookupError(name)
    return "sales"


def address(key):
    return f"https://u:p@host.example/{key}"


def answer_to(result):
    return ToolAnswer.of(result, sibling)


def encoded(result):
    return json.loads(written(answer_to(result), address))


@attrs.frozen
class Measured:
    value: Any


@dataclass
class Point:
    value: Any


class Struct(msgspec.Struct):
    value: Any


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("plain", {"response": "plain"}),
        ("", {"response": ""}),
        (None, {"response": "Function executed successfully"}),
        (5, {"response": "5"}),
        (True, {"response": "true"}),
        ([1], {"response": "[1]"}),
        ((1, None), {"response": "[1,null]"}),
        ({"foo": 1}, {"response": '{"foo":1}'}),
        ({"foo": None, "bar": 1.5}, {"response": '{"foo":null,"bar":1.5}'}),
        ({1: 2}, {"response": '{"1":2}'}),
        (Measured(2), {"response": '{"value":2}'}),
        (Point(2), {"response": '{"value":2}'}),
        ({"response": "d", "action": [{"say": "x"}]}, {"response": "d", "action": [{"say": "x"}]}),
        ({"action": [{"say": "x"}]}, {"action": [{"say": "x"}]}),
        (FunctionResult("x").say("a"), {"response": "x", "action": [{"say": "a"}]}),
        (FunctionResult(), {"response": "Action completed."}),
    ],
)
def test_of_what_a_tool_returns(result, answer):
    """Any JSON value is an answer."""
    assert answer == encoded(result)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("none", None),
        ("strres", "plain"),
        ("num", 5),
        ("lst", [1]),
        ("dictres", {"response": "d", "action": [{"say": "x"}]}),
        ("empty", FunctionResult()),
    ],
)
def test_as_the_platform_s_sdk_answers(name, result):
    """Answers match the SDK's if the contract agrees with it.

    The SDK turns an unknown dictionary into text.
    """
    assert conformance.by_id("http", f"http:{name}")["response"] == encoded(result)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda n: n,
        lambda n: [None, n],
        lambda n: {"a": {"b": (n,)}},
        lambda n: {"response": "x", "action": [{"set_global_data": {"n": n}}]},
        lambda n: FunctionResult("x").update_global_data({"n": n}),
        Measured,
        lambda n: {"response": "x", "action": [Measured([n])]},
        lambda n: Point({"n": n}),
        Struct,
    ],
)
def test_numbers_that_json_cannot_carry(number, wrap):
    """They would arrive as null, and nobody would hear of it."""
    with pytest.raises(ValueError, match="number that JSON cannot carry"):
        encoded(wrap(number))


@pytest.mark.parametrize(
    "result",
    [object(), {"response": object()}, {(1, 2): 3}, "\ud800", {"response": "\ud800"}, {"action": {"\ud800": 1}}],
    ids=["object", "object-in-it", "key", "surrogate", "surrogate-in-it", "surrogate-as-a-key"],
)
def test_what_json_cannot_carry(result):
    with pytest.raises((TypeError, ValueError)):
        encoded(result)


def test_what_contains_itself():
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(RecursionError):
        encoded({"response": endless})


def test_size():
    """At most 256 KiB as they are sent, so an umlaut counts twice."""
    frame = len(b'{"response":""}')
    fits = "x" * (MAX_ANSWER - frame)

    assert {"response": fits} == encoded(fits)
    for too_large in (f"{fits}x", "ä" * (MAX_ANSWER // 2)):
        with pytest.raises(ValueError, match=r"the result has \d+ bytes, more than the limit of 262144"):
            encoded(too_large)


def test_hand_over():
    """The answer contains the agent's key.

    Only the encoding for the platform contains its public address.
    """
    action = {
        "transfer": "true",
        "SWML": {
            "version": "1.0.0",
            "sections": {"main": [{"transfer": {"dest": "https://u:p@host.example/sales"}}]},
        },
    }

    answer = answer_to(FunctionResult("Bye.").hand_over("Sales"))
    assert answer == ToolAnswer("Bye.", (HandOver("sales"),))
    assert swaig_fields(answer, address) == {"response": "Bye.", "action": [action]}


def test_hand_over_to_nobody():
    with pytest.raises(LookupError):
        encoded(FunctionResult("Bye.").hand_over("nobody"))


def test_a_result_without_a_sibling_does_not_ask_for_one():
    answer = ToolAnswer.of(FunctionResult("x"), lambda _: pytest.fail("asked"))
    assert written(answer, lambda _: pytest.fail("asked")) == b'{"response":"x"}'


RESULTS = [
    "plain",
    {"response": {"tool_result": "ä"}, "action": [{"say": "x"}, 5], "post_process": True, "more": [None, 1.5, 2**70]},
    {"response": "one", "action": {"say": "x"}},
    {"action": [], "response": None},
    {"response": "x", "post_process": True},
    FunctionResult("Bye.", post_process=True).say("a").hand_over("Sales", "Back.", final=False).hangup(),
    FunctionResult({"a": 1}),
]


@pytest.mark.parametrize("result", RESULTS, ids=str)
def test_another_process_or_a_store_gives_back_the_same_value(result):
    answer = answer_to(result)
    for carried in (msgspec.json, msgspec.msgpack)[: 1 if "more" in str(result) else 2]:
        again = ToolAnswer.from_plain(carried.decode(carried.encode(answer.to_plain())))
        assert again == answer
        assert written(again, address) == written(answer, address)


@pytest.mark.parametrize(
    "plain",
    [
        "words",
        ["x", [], False],
        ["x", [["hand over", 5, None, True]], False, None],
        ["x", [["hand over", "sales", None, 5]], False, None],
        ["x", [[]], False, None],
        ["x", [], False, [1]],
        [b"x", [], False, None],
        ["x" * MAX_ANSWER, [], False, None],
        [{"a": math.nan}, [], False, None],
        [{None: 1}, [], False, None],
        pytest.param([msgspec.msgpack.Ext(1, b"x"), [], False, None], id="extension"),
    ],
    ids=lambda plain: str(plain)[:40],
)
def test_nonsense_from_another_process_is_refused(plain):
    with pytest.raises((TypeError, ValueError)):
        ToolAnswer.from_plain(plain)


def test_what_the_model_is_told_as_text():
    assert [answer_to(result).text for result in ("a", {"response": {"ä": 1}}, {"action": [{"say": "x"}]})] == [
        "a",
        '{"ä": 1}',
        "",
    ]


def test_answers_that_differ_in_their_actions_are_read_alike():
    """A single action counts as a list of one.

    An answer without words and actions gets a default sentence.
    """
    assert encoded({"response": "x", "action": {"say": "a"}}) == {"response": "x", "action": [{"say": "a"}]}
    assert encoded({"response": None}) == {"response": "Action completed."}


@pytest.mark.parametrize("levels", [250, 600, 2000])
def test_whatever_is_an_answer_can_be_written(levels):
    """A value of any depth can be encoded.

    A value that cannot be encoded is refused when the tool is known.
    """
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    try:
        answer = answer_to({"action": [{"x": deep}]})
    except RecursionError:
        assert levels > 500
    else:
        assert written(answer, address).count(b"[") == levels + 1


def test_many_small_values_are_an_answer():
    """As long as they are small enough together."""
    many = [[n] for n in range(20_000)]
    assert encoded({"response": many}) == {"response": many}
    with pytest.raises(ValueError, match="more than the limit of 262144"):
        answer_to({"response": [None] * MAX_ANSWER})
    with pytest.raises(ValueError, match="number that JSON cannot carry"):
        answer_to({"response": [*many, math.nan]})


class Foreign:
    """A result of another library."""

    def __init__(self, value):
        self.value = value

    def to_dict(self):
        return self.value


@pytest.mark.parametrize(
    ("value", "response"),
    [({"response": "hi"}, "hi"), ({"response": "hi", "action": [{"stop": True}]}, "hi"), ({"price": 9}, '{"price":9}')],
)
def test_results_of_other_libraries(value, response):
    """A forgotten import of the SDK's result would fail only during a call."""
    answer = ToolAnswer.of(Foreign(value), str)

    assert (answer.response, [*answer.actions]) == (response, value.get("action", []))


def test_an_empty_outcome_of_a_conference():
    """As in the SDK."""
    [action] = FunctionResult("x").join_conference("n", result=[]).to_dict()["action"]

    assert action["SWML"]["sections"]["main"] == [{"join_conference": {"name": "n", "result": []}}]
    assert FunctionResult("x").set_response(None).to_dict() == {"response": "Action completed."}
