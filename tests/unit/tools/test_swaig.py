"""SWAIG: what is read of a tool call."""

from __future__ import annotations

import conformance
import pytest

from agenthost.tools.swaig import (
    MAX_DEPTH,
    UNREADABLE,
    MalformedRequest,
    ToolRequest,
    call_id,
    conversation_id,
    decode_object,
)


def requests(*names):
    """The recorded requests of these names."""
    return {name: conformance.by_id("http", f"http:{name}")["request"]["body"] for name in names}


class TestArguments:
    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("full", {"city": "Köln"}),
            ("raw-only", {"city": "X"}),
            ("raw-bad", UNREADABLE),
            ("parsed-empty", {"city": "R"}),
            ("parsed-two", {"city": "1"}),
            ("parsed-notdict", UNREADABLE),
            ("arguments", {"city": "A"}),
            ("no-args", {}),
            ("wrong-type-arg", {"city": 5}),
            ("missing-required", {"x": 5}),
        ],
    )
    def test_as_the_platform_sends_them(self, name, arguments):
        """The order is ``argument.parsed[0]``, ``argument.raw``, ``arguments``.

        Prose does not count as empty arguments.
        """
        (body,) = requests(name).values()

        assert arguments == ToolRequest.from_body(body).arguments

    @pytest.mark.parametrize(
        ("body", "arguments"),
        [
            ({"argument": {"parsed": [{}]}}, {}),
            ({"argument": {"parsed": [{}]}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {"parsed": [{}], "raw": '{"a": 1}'}}, {"a": 1}),
            ({"argument": {"parsed": [{}], "raw": "{}"}}, {}),
            ({"argument": {"parsed": [{}], "raw": '{"a": 1'}}, UNREADABLE),
            ({"argument": {"parsed": [{"a": 1}], "raw": '{"a": 1'}}, {"a": 1}),
            ({"argument": {"parsed": [None], "raw": "null"}}, {}),
            ({"argument": {"parsed": {"a": 1}}}, {"a": 1}),
            ({"argument": {"parsed": ['{"a": 1}']}}, {"a": 1}),
            ({"argument": {"parsed": ["order 31"], "raw": "order 31"}}, UNREADABLE),
            ({"argument": {"parsed": [], "raw": " ", "substituted": ""}}, {}),
            ({"argument": {"substituted": ""}}, {}),
            ({"argument": {"a": 1}}, {"a": 1}),
            ({"argument": '{"a": 1}'}, {"a": 1}),
            ({"argument": "order 31"}, UNREADABLE),
            ({"argument": ""}, {}),
            ({"argument": []}, UNREADABLE),
            ({"argument": 5}, UNREADABLE),
            ({"argument": {"parsed": [[]], "raw": '{"a": 1}'}}, {"a": 1}),
            ({"argument": {"raw": ""}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {"raw": 5}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": None, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": "text", "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {"raw": '"{\\"a\\": 1}"'}}, {"a": 1}),
            ({"argument": {"raw": "{'a': 1}"}}, UNREADABLE),
            ({"argument": {"raw": "[1]"}}, UNREADABLE),
            ({"argument": {"raw": "[]"}}, UNREADABLE),
            ({"argument": {"raw": '{"a": NaN}'}}, UNREADABLE),
            ({"argument": {"raw": "\ud800"}}, UNREADABLE),
            ({"argument": {"raw": '{"a":' * 65 + "1" + "}" * 65}}, UNREADABLE),
            ({"argument": {"raw": '{"a": "' + "x" * 65536 + '"}'}}, UNREADABLE),
            ({"argument": {"raw": "{bad"}}, UNREADABLE),
            ({"argument": {"raw": "{bad"}, "arguments": {"a": 1}}, {"a": 1}),
            ({"argument": {"raw": "{bad"}, "arguments": {}}, UNREADABLE),
            ({"arguments": None}, {}),
            ({"arguments": '{"a": 1}'}, {"a": 1}),
            ({"arguments": "secret"}, UNREADABLE),
            ({"arguments": [{"a": 1}]}, UNREADABLE),
        ],
    )
    def test_in_other_forms(self, body, arguments):
        """The first place with arguments counts.

        Unreadable arguments never count as empty.
        """
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

    @pytest.mark.parametrize("name", ["no-name", "name-not-str"])
    def test_without_a_function(self, name):
        """The status is 400 (wire.md, section 2).

        The platform's own SDK returns 200 or 500 in some cases.
        """
        (body,) = requests(name).values()

        with pytest.raises(MalformedRequest, match=r"^function (is missing|must be a string)$"):
            ToolRequest.from_body(body)

    @pytest.mark.parametrize("name", ["t", "_", "A9_", "x" * 200, "", "a-b", "shop.price", "echo\n", "é"])
    def test_function_names(self, name):
        assert name == ToolRequest.from_body({"function": name}).function

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("function", None, "function is missing"),
            ("function", ["t"], "function must be a string"),
            ("call_id", 5, "call_id must be a string"),
            ("call", [], "call must be an object"),
            ("call", {"call_id": 5}, "call.call_id must be a string"),
        ],
    )
    def test_wrong_types(self, field, value, sentence):
        """The sentence names the field and echoes nothing."""
        with pytest.raises(MalformedRequest) as caught:
            ToolRequest.from_body({"function": "t", field: value})

        assert sentence == str(caught.value)

    @pytest.mark.parametrize(
        ("name", "number", "read"),
        [
            ("Ann", "+15551234567", ("Ann", "+15551234567")),
            (7, 4930555, ("7", "4930555")),
            (1.5, 5.0, ("1.5", "5.0")),
            (None, None, (None, None)),
            ({}, ["+1"], (None, None)),
            (True, False, (None, None)),
        ],
    )
    def test_what_is_merely_looked_at_is_read_leniently(self, name, number, read):
        """A number becomes text, and an unreadable field is unknown.

        The body is unchanged.
        """
        body = {"function": "t", "caller_id_name": name, "caller_id_num": number}
        call = ToolRequest.from_body(body).call

        assert read == (call.caller_name, call.caller_number)
        assert body is call.raw_data
        assert (name, number) == (body["caller_id_name"], body["caller_id_num"])

    @pytest.mark.parametrize(
        ("data", "read"),
        [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("x", {}), ([], {}), (5, {}), (None, {}), ({}, {}), ("", {})],
        ids=str,
    )
    def test_data_that_is_no_object_is_none(self, data, read):
        call = ToolRequest.from_body({"function": "t", "global_data": data, "meta_data": data}).call

        assert (read, read) == (call.global_data, call.meta_data)

    @pytest.mark.parametrize(("sent", "read"), [("c-1", "c-1"), ("", None), (None, None), (5, None), (["c-1"], None)])
    def test_the_conversation(self, sent, read):
        """It decides about access, so nothing is made of anything but text."""
        assert read == conversation_id({"conversation_id": sent})

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
