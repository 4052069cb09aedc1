"""Requests by wire.md, section 2: credentials, types, sizes, JSON and fields."""

import gzip
import json
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from caller import basic, functions
from raw_http import Connection, exchange, written
from refusals import (
    AUTH,
    CREDENTIALS,
    HOST,
    ROUTES,
    SIGNED,
    WORD,
    Platform,
    Sender,
    error_of,
    post,
    post_json,
    served_desk,
)

MAX_BODY = 1048576


@pytest.fixture(scope="module")
def served(desk):
    with served_desk(desk) as served:
        yield served


@pytest.fixture
def sender(served):
    return Sender(served.url)


# -- credentials -----------------------------------------------------------------------------------------------------


PAIR = basic(*CREDENTIALS).removeprefix("Basic ")
LATIN_1 = b64encode(":".join(CREDENTIALS).encode("latin-1")).decode()
WRONG_CREDENTIALS = {
    "none": (),
    "empty": ("Authorization:",),
    "scheme alone": ("Authorization: Basic",),
    "pair alone": (f"Authorization: {PAIR}",),
    "another scheme": (f"Authorization: Bearer {PAIR}",),
    "wrong password": (f"Authorization: {basic('tester', WORD)}",),
    "wrong user": (f"Authorization: {basic(WORD, CREDENTIALS[1])}",),
    "prefix of the password": (f"Authorization: {basic('tester', CREDENTIALS[1][:-1])}",),
    "no colon": (f"Authorization: {basic('tester', '')[:-4]}",),
    "the password in Latin-1": (f"Authorization: Basic {LATIN_1}",),
    "no base64": (f"Authorization: Basic {WORD}!",),
    "base64 without padding": (f"Authorization: Basic {PAIR.rstrip('=')}",),
    "base64 with more behind it": (f"Authorization: Basic {PAIR}{WORD}",),
    "a space in base64": (f"Authorization: Basic {PAIR[:8]} {PAIR[8:]}",),
    "sent twice": (AUTH, AUTH),
    "right, then wrong": (AUTH, f"Authorization: {basic('tester', WORD)}"),
    "long": (f"Authorization: Basic {'A' * 20_000}",),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("headers", WRONG_CREDENTIALS.values(), ids=WRONG_CREDENTIALS)
def test_wrong_credentials_are_401_and_say_what_is_expected(served, headers, route):
    answer = exchange(served.url, written(f"POST {route} HTTP/1.1", HOST, *headers, "Content-Length: 0"))

    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Basic realm="agenthost", charset="UTF-8"'
    assert error_of(answer) == "Unauthorized"


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc"])
def test_the_scheme_is_written_in_any_case(sender, scheme):
    sender.accepted(written("GET /sales HTTP/1.1", HOST, f"Authorization: {scheme} {PAIR}"))


def test_the_query_holds_no_credentials(sender):
    sender.refused(written(f"GET /sales?user=tester&password={WORD}&token={PAIR} HTTP/1.1", HOST), 401)


def test_credentials_are_asked_for_before_the_body(sender):
    """Size and type of the body are not checked, and none of it is read."""
    sizes = ("Content-Length: 99999999", "Content-Type: text/plain", "Content-Encoding: gzip")
    sender.refused(written("POST /sales/swaig HTTP/1.1", HOST, *sizes), 401)


def test_credentials_in_a_document_are_percent_encoded(served):
    """Any password works as encoded in the URL."""
    caller = Platform(served.url, CREDENTIALS)
    tool = functions(caller.document("/sales", "c-1"))["get_pricing"]

    assert f"tester:p%C3%A4%3Ass%20w%C3%B6rd%2F@{caller.url.removeprefix('http://')}/" in tool["web_hook_url"]
    assert "$99/month" in caller.call(tool["web_hook_url"], "get_pricing", {"product": "basic"}, "c-1")["response"]


# -- types and sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json-patch+json",
        "text/json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; profile=x",
        "application/json, text/plain",
        f"{WORD}/{WORD}",
        "",
    ],
)
def test_another_type_than_json_is_415(sender, route, kind):
    assert "application/json" in sender.refused(post(route, b"{}", f"Content-Type: {kind}"), 415)


def test_two_types_are_415(sender):
    sender.refused(post("/sales", b"{}", "Content-Type: application/json", "Content-Type: text/plain"), 415)
    sender.refused(post("/sales", b"{}", "Content-Type: application/json", "Content-Type: application/json"), 415)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Content-Type: application/json",),
        ("Content-Type: Application/JSON",),
        ("Content-Type: application/json;charset=utf-8",),
        ("Content-Type: application/json; charset=UTF-8",),
        ("Content-Type: application/json; charset=utf8",),
        ("Content-Type: application/json", "Content-Encoding: identity"),
        ("Content-Encoding: Identity",),
        ('Content-Type: application/json; charset="utf-8"',),
    ],
    ids=str,
)
def test_json_in_utf_8_is_taken_in_any_spelling(sender, headers):
    sender.accepted(post("/sales", b"{}", *headers))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip", WORD, ""])
def test_any_content_encoding_is_415(sender, route, coding):
    body = gzip.compress(b"{}") if coding == "gzip" else b"{}"
    assert "Content-Encoding" in sender.refused(post(route, body, f"Content-Encoding: {coding}"), 415)


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_is_declared_too_large_is_413_before_it_is_read(sender, route):
    sentence = sender.refused(written(f"POST {route} HTTP/1.1", *SIGNED, f"Content-Length: {MAX_BODY + 1}"), 413)
    assert str(MAX_BODY) in sentence


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_grows_too_large_is_413(served, route):
    """It is counted as it arrives, and refused without its end."""
    with Connection.to(served.url) as connection:
        connection.send(written(f"POST {route} HTTP/1.1", *SIGNED, "Transfer-Encoding: chunked"))
        for _ in range(16):
            connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        connection.send(b"1\r\n \r\n")
        answer = connection.answer()
        assert answer.status == 413
        assert answer.header("connection") == "close"
        error_of(answer)
        assert connection.ended()


def test_the_largest_body_is_taken(sender):
    sender.accepted(post("/sales", b"{}".ljust(MAX_BODY)))


# -- JSON ------------------------------------------------------------------------------------------------------------


def nested(levels):
    """An object that is nested so deep, in lists and objects by turns."""
    value = {}
    for level in range(levels - 2):
        value = [value] if level % 2 else {"in": value}
    return {"in": value}


NOT_JSON = {
    "malformed": f'{{"{WORD}": }}',
    "cut off": f'{{"{WORD}": "',
    "more behind it": "{}{}",
    "a trailing comma": '{"a": 1,}',
    "a comment": "{} // c4n4ry",
    "single quotes": "{'a': 1}",
    "a bare word": WORD,
    "text": f'"{WORD}"',
    "a number": "1",
    "null": "null",
    "a list": f'["{WORD}"]',
    "a list of objects": "[{}]",
    "NaN": '{"a": NaN}',
    "infinity": '{"a": -Infinity}',
    "a number beyond all floats": '{"a": 1e999}',
    "65 levels": json.dumps(nested(65)),
    "65 lists": '{"a":' + "[" * 64 + "]" * 64 + "}",
    "a hundred thousand levels": '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    "a hundred thousand brackets": "[" * 100_000,
    "a high surrogate by itself": r'{"a": "\ud83d"}',
    "a low surrogate by itself": r'{"a": "\ude00"}',
    "surrogates in the wrong order": r'{"a": "\ude00\ud83d"}',
    "a surrogate in a key": r'{"\ud83d": 1}',
    "a control character": '{"a": "\x01"}',
    "white space alone": "  ",
    "NUL": "\x00",
}
NOT_UTF_8 = {
    "a byte of Latin-1": b'{"a": "\xe9"}',
    "a surrogate": b'{"a": "\xed\xa0\xbd"}',
    "too long a form": b'{"a": "\xc0\xaf"}',
    "beyond Unicode": b'{"a": "\xf4\x90\x80\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
}
NOT_AN_OBJECT = {**{name: text.encode() for name, text in NOT_JSON.items()}, **NOT_UTF_8}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("body", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT)
def test_a_body_that_is_no_json_object_is_400(sender, route, body):
    assert "body" in sender.refused(post(route, body, "Content-Type: application/json"), 400)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b' \n{"a": [1, 2.5e3, null, true]}\r\n', rb'{"a": "\ud83d\ude00"}', '{"é": "✓"}'.encode()],
    ids=repr,
)
def test_a_body_that_is_a_json_object_or_empty_is_taken(sender, body):
    sender.accepted(post("/sales", body))


def test_64_levels_are_taken(sender):
    sender.accepted(post_json("/sales", nested(64)))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("call", {"call": WORD}),
        ("call", {"call": [WORD]}),
        ("call", {"call": 1}),
        ("call_id", {"call_id": 5}),
        ("call_id", {"call_id": {"c4n4ry": 1}}),
        ("call.call_id", {"call": {"call_id": [WORD]}}),
    ],
    ids=str,
)
def test_a_call_of_the_wrong_type_is_400_and_named(sender, route, field, body):
    sentence = sender.refused(post_json(route, {"function": "transfer_department"} | body), 400)
    assert sentence.startswith(f"{field} must be ")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("function", {}),
        ("function", {"function": None}),
        ("function", {"function": 5}),
        ("function", {"function": [WORD]}),
        ("function", {"function": {"c4n4ry": 1}}),
    ],
    ids=str,
)
def test_an_ill_formed_tool_call_is_400_and_names_the_field(sender, field, body):
    sentence = sender.refused(post_json("/sales/swaig", body), 400)
    assert sentence.split()[0] == field


@pytest.mark.parametrize(
    "name",
    ["get_weather", "", "get pricing", "get-pricing", "sales.get_pricing", "get_pricing\n", "9lives", "préis", "\0"],
)
def test_an_unknown_function_is_answered_with_something_to_say(sender, name):
    """The status is 200 for any name.

    The model gets a sentence with the tools that it may call.
    """
    answer = sender.accepted(post_json("/sales/swaig", {"function": name}))
    assert [*answer.json] == ["response"]
    assert answer.json["response"].startswith(f"There is no tool called {name}. There are: ")
    assert "get_pricing" in answer.json["response"].partition("There are: ")[2]


def priced(served, more):
    """Return the answer of get_pricing, with additional fields in the body."""
    caller = Platform(served.url, CREDENTIALS)
    url = urlsplit(functions(caller.document("/sales", "c-1"))["get_pricing"]["web_hook_url"])
    answer = caller.ask("POST", f"{url.path}?{url.query}", {"function": "get_pricing", "call_id": "c-1"} | more)
    assert answer.status == 200
    return answer.json["response"]


@pytest.mark.parametrize(
    "data",
    [
        {"caller_id_num": 15551234567},
        {"caller_id_name": {"c4n4ry": 1}},
        {"global_data": WORD},
        {"meta_data": [WORD]},
        {"conversation_id": 5},
    ],
    ids=str,
)
def test_what_a_tool_may_merely_look_at_is_never_refused(served, data):
    assert "$99/month" in priced(served, {"arguments": {"product": "basic"}} | data)


@pytest.mark.parametrize(
    "written",
    [
        {"argument": {"raw": '{"product": "basic"'}},
        {"argument": {"raw": "{'product': 'basic'}"}},
        {"argument": {"parsed": ["basic"], "raw": "basic"}},
        {"argument": {"raw": '["basic"]'}},
        {"argument": {"parsed": [{}], "raw": '{"product": "bas'}},
        {"argument": "basic"},
        {"arguments": "basic"},
        {"arguments": ["basic"]},
    ],
    ids=str,
)
def test_arguments_that_cannot_be_read_are_refused_with_what_to_send(served, written):
    told = 'The arguments cannot be read. Send one JSON object: {"product": <one of: basic, pro, enterprise>}'
    assert told == priced(served, written)


def test_a_refused_token_is_answered_with_something_to_say(sender):
    answer = sender.accepted(post_json(f"/sales/swaig?__token={WORD}", {"function": "get_pricing"}))
    assert answer.json == {
        "response": "I'm sorry, the security token for this function is invalid or expired. "
        "I cannot execute this action."
    }
