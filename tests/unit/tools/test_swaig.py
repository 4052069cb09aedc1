"""SWAIG: what is read of a tool call, and how its answer is written."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import attrs
import conformance
import msgspec
import pytest

from agenthost.results import FunctionResult
from agenthost.tools.swaig import (
    MAX_ANSWER,
    MAX_DEPTH,
    MalformedRequest,
    ToolRequest,
    call_id,
    decode_object,
    encode_answer,
)


def requests(*names):
    """The recorded requests of these names."""
    return {name: conformance.by_id("http", f"http:{name}")["request"]["body"] for name in names}


def sibling(name):
    """The public URL of an agent of this host."""
    if name != "sales":
        raise LookupError(name)
    return "https://u:p@host.example/sales"


def encoded(result):
    return json.loads(encode_answer(result, sibling))


class TestArguments:
    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("full", {"city": "Köln"}),
            ("raw-only", {"city": "X"}),
            ("raw-bad", {}),
            ("parsed-empty", {"city": "R"}),
            ("parsed-two", {"city": "1"}),
            ("parsed-notdict", {}),
            ("arguments", {"city": "A"}),
            ("no-args", {}),
            ("wrong-type-arg", {"city": 5}),
            ("missing-required", {"x": 5}),
        ],
    )
    def test_as_the_platform_sends_them(self, name, arguments):
        """``argument.parsed[0]``, else ``argument.raw``, else ``arguments``, else none."""
        (body,) = requests(name).values()

        assert arguments == ToolRequest.from_body(body).arguments

    @pytest.mark.parametrize(
        ("body", "arguments"),
        [
            ({"argument": {"parsed": [{}]}, "arguments": {"a": 1}}, {}),
            ({"argument": {"parsed": [{}], "raw": '{"a": 1}'}}, {}),
            ({"argument": {"parsed": {"a": 1}}}, {}),
            ({"argument": {"parsed": [[]], "raw": '{"a": 1}'}}, {"a": 1}),
            ({"argument": {"raw": ""}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {"raw": 5}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": None, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": "text", "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {"raw": "[1]"}}, {}),
            ({"argument": {"raw": '{"a": NaN}'}}, {}),
            ({"argument": {"raw": "\ud800"}}, {}),
            ({"argument": {"raw": '{"a":' * 65 + "1" + "}" * 65}}, {}),
            ({"argument": {"raw": "{bad"}, "arguments": {"a": 1}}, {}),
            ({"arguments": None}, {}),
        ],
    )
    def test_in_other_forms(self, body, arguments):
        """What cannot be read counts as no arguments: the tool's own check tells the model what is missing."""
        assert arguments == ToolRequest.from_body({"function": "t", **body}).arguments


class TestRequest:
    def test_the_call(self):
        (body,) = requests("full").values()
        request = ToolRequest.from_body(body)
        call = request.call

        assert request.function == "echo"
        assert (call.id, call.caller_name, call.caller_number) == ("call-1", "Ann", "+15551234567")
        assert (call.global_data, call.meta_data) == ({"k": 1}, {})
        assert body is call.raw_data

    def test_the_shortest(self):
        request = ToolRequest.from_body({"function": "t"})

        assert (request.function, request.arguments) == ("t", {})
        assert (
            request.call.id,
            request.call.caller_name,
            request.call.caller_number,
            request.call.global_data,
            request.call.meta_data,
        ) == ("", None, None, {}, {})

    @pytest.mark.parametrize("name", ["bad-name", "name-newline", "no-name", "name-not-str"])
    def test_function_names_that_are_none(self, name):
        """Wire.md, section 2, decides: 400, where the platform's own SDK answers 200 or 500 to some."""
        (body,) = requests(name).values()

        with pytest.raises(MalformedRequest, match=r"^function (is missing|must be [a-zA-Z_, ]+)$"):
            ToolRequest.from_body(body)

    @pytest.mark.parametrize("name", ["t", "_", "A9_", "x" * 200])
    def test_function_names(self, name):
        assert name == ToolRequest.from_body({"function": name}).function

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("function", None, "function is missing"),
            ("function", ["t"], "function must be a string"),
            ("function", "", "function must be a letter or _, then letters, digits and _"),
            ("function", "é", "function must be a letter or _, then letters, digits and _"),
            ("call_id", 5, "call_id must be a string"),
            ("call", [], "call must be an object"),
            ("call", {"call_id": 5}, "call.call_id must be a string"),
            ("caller_id_name", 5, "caller_id_name must be a string"),
            ("caller_id_num", {}, "caller_id_num must be a string"),
            ("global_data", [], "global_data must be an object"),
            ("meta_data", "secret", "meta_data must be an object"),
            ("arguments", "secret", "arguments must be an object"),
        ],
    )
    def test_wrong_types(self, field, value, sentence):
        """The sentence names the field and echoes nothing."""
        with pytest.raises(MalformedRequest) as caught:
            ToolRequest.from_body({"function": "t", field: value})

        assert sentence == str(caught.value)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"call_id": "a"}, "a"),
            ({"call": {"call_id": "b"}}, "b"),
            ({"call_id": "a", "call": {"call_id": "b"}}, "a"),
            ({"call_id": "", "call": {"call_id": "b"}}, "b"),
            ({"call_id": None, "call": {"call_id": "b"}}, "b"),
            ({"call_id": ""}, None),
            ({"call": {}}, None),
            ({"call": None}, None),
            ({}, None),
        ],
    )
    def test_call_id(self, body, expected):
        assert expected == call_id(body)


class TestDecode:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", {}),
            (b"{}", {}),
            (b' {"a" : [1, 2.5, "\xc3\xb6", null, true]} ', {"a": [1, 2.5, "ö", None, True]}),
            (b'{"a":1,"a":2}', {"a": 2}),
            (b'{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
            (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
            (b'{"a":"' + b"[" * 66 + b'"}', {"a": "[" * 66}),
            (b'{"a":[' + b",".join([b"{}"] * 100) + b"]}", {"a": [{}] * 100}),
        ],
    )
    def test_objects(self, body, expected):
        assert expected == decode_object(body)

    @pytest.mark.parametrize(
        "body",
        [
            b" ",
            b"{",
            b"{}x",
            b"{'a':1}",
            b'{"a":1,}',
            b'{"a":NaN}',
            b'{"a":Infinity}',
            b'{"a":1e999}',
            b'{"a":' + b"9" * 5000 + b"}",
            b'{"a":"\xff"}',
            b'{"a":"\\ud800"}',
            b'{"a":"\x01"}',
            b"\xef\xbb\xbf{}",
            b"\x00",
            b'{"a":' * 100_000,
        ],
        ids=lambda body: body[:12],
    )
    def test_what_is_not_json(self, body):
        with pytest.raises(MalformedRequest, match=r"^the body is not valid JSON$"):
            decode_object(body)

    @pytest.mark.parametrize("body", [b"[1]", b"[]", b"null", b"5", b'"text"', b"true"])
    def test_what_is_no_object(self, body):
        with pytest.raises(MalformedRequest, match=r"^the body must be a JSON object$"):
            decode_object(body)

    @pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]")])
    def test_nesting(self, opening, closing):
        """As deep as the limit, and one level deeper."""
        inner = MAX_DEPTH - 1
        deepest = b'{"a":' + opening * inner + b"1" + closing * inner + b"}"
        too_deep = b'{"a":' + opening * (inner + 1) + b"1" + closing * (inner + 1) + b"}"

        assert isinstance(decode_object(deepest), dict)
        with pytest.raises(MalformedRequest, match=r"^the body is nested deeper than 64 levels$"):
            decode_object(too_deep)


@attrs.frozen
class Measured:
    value: Any


@dataclass
class Point:
    value: Any


class Struct(msgspec.Struct):
    value: Any


class TestAnswer:
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
    def test_of_what_a_tool_returns(self, result, answer):
        """Whatever JSON carries is an answer."""
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
    def test_as_the_platform_s_sdk_answers(self, name, result):
        """Where the contract agrees with it (it says an odd dictionary as text)."""
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
    def test_numbers_that_json_cannot_carry(self, number, wrap):
        """They would arrive as null, and nobody would hear of it."""
        with pytest.raises(ValueError, match="number that JSON cannot carry"):
            encoded(wrap(number))

    @pytest.mark.parametrize(
        "result",
        [object(), {"response": object()}, {(1, 2): 3}, "\ud800", {"response": "\ud800"}, {"action": {"\ud800": 1}}],
        ids=["object", "object-in-it", "key", "surrogate", "surrogate-in-it", "surrogate-as-a-key"],
    )
    def test_what_json_cannot_carry(self, result):
        with pytest.raises((TypeError, ValueError)):
            encoded(result)

    def test_what_contains_itself(self):
        endless: list[Any] = []
        endless.append(endless)

        with pytest.raises(RecursionError):
            encoded({"response": endless})

    def test_size(self):
        """At most 256 KiB as they are sent, so an umlaut counts twice."""
        frame = len(b'{"response":""}')
        fits = "x" * (MAX_ANSWER - frame)

        assert {"response": fits} == encoded(fits)
        for too_large in (f"{fits}x", "ä" * (MAX_ANSWER // 2)):
            with pytest.raises(ValueError, match=r"the result has \d+ bytes, more than the limit of 262144"):
                encoded(too_large)

    def test_hand_over(self):
        """A sibling's public address is filled in where the call is handed over."""
        action = {
            "transfer": "true",
            "SWML": {
                "version": "1.0.0",
                "sections": {"main": [{"transfer": {"dest": "https://u:p@host.example/sales"}}]},
            },
        }

        assert {"response": "Bye.", "action": [action]} == encoded(FunctionResult("Bye.").hand_over("sales"))

    def test_hand_over_to_nobody(self):
        with pytest.raises(LookupError):
            encoded(FunctionResult("Bye.").hand_over("nobody"))

    def test_a_result_without_a_sibling_does_not_ask_for_one(self):
        assert encode_answer(FunctionResult("x"), lambda _: pytest.fail("asked")) == b'{"response":"x"}'
