"""Arbitrary bytes over a socket get well-formed responses, and never a 5xx except 503.

``HYPOTHESIS_EXAMPLES=2000 tox -e tests -- tests/e2e/test_fuzz.py`` searches deeper.
"""

import json
import os

import pytest
from caller import basic, functions
from hypothesis import HealthCheck, given, settings, strategies as st
from raw_http import Connection
from refusals import AUTH, CREDENTIALS, HOST, Platform, get, served_desk, written

EXAMPLES = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATHS = st.sampled_from(
    [
        *("/", "/sales", "/sales/swaig", "/sales/post_prompt", "/sales/check_for_input", "/sales/sip", "/sales/mcp"),
        *("/sales/debug_events", "/sip", "/health", "/live", "/metrics", "/v1/chat/completions", "/nowhere"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=8)
FIELDS = (
    "function",
    "call_id",
    "argument",
    "arguments",
    "call",
    "action",
    "conversation_id",
    "global_data",
    "messages",
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES) | VALUES
LINES = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=60)
SIP = st.text(max_size=40) | st.builds("{}:{}@{}".format, st.sampled_from(["sip", "SIPS", "tel"]), st.text(), st.text())


@pytest.fixture(scope="module")
def served(desk):
    with served_desk(desk) as served:
        yield served


def answer_of(served, raw, *, whole=True):
    """Return the response to a request, or to bytes that need not be one.

    Return None if the client leaves before there is one.
    """
    with Connection.to(served.url, seconds=20) as connection:
        connection.send(raw)
        if not whole:
            connection.finish()
        try:
            answer = connection.answer(to_head=raw.startswith(b"HEAD "))
        except (EOFError, ConnectionError):
            assert not whole
            return None
    assert answer.status < 500 or answer.status == 503, answer
    assert answer.header("x-content-type-options") == "nosniff"
    return answer


@EXAMPLES
@given(st.binary(max_size=300))
def test_any_bytes(served, raw):
    answer_of(served, raw, whole=False)


@EXAMPLES
@given(st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"]), LINES, st.lists(st.tuples(LINES, LINES)))
def test_any_path_and_headers(served, method, path, headers):
    lines = [f"{name}: {value}" for name, value in headers]
    answer_of(served, written(f"{method} /{path} HTTP/1.1", HOST, AUTH, *lines), whole=False)


@EXAMPLES
@given(PATHS, BODIES.map(json.dumps).map(str.encode) | st.binary(max_size=100))
def test_any_body(served, path, body):
    answer_of(served, written(f"POST {path} HTTP/1.1", HOST, AUTH, f"Content-Length: {len(body)}", body=body))


@EXAMPLES
@given(SIP)
def test_any_sip_address(served, address):
    for path in ("/sip", "/sales/sip"):
        answer = Platform(served.url, CREDENTIALS).ask("POST", path, {"call": {"to": address}})
        assert answer.status in ((200, 404) if path == "/sip" else (200,)), answer


@EXAMPLES
@given(st.data())
def test_any_token_but_the_right_one(served, data):
    """Made up, cut, or changed in one place."""
    caller = Platform(served.url, CREDENTIALS)
    [(name, function), *_] = functions(caller.document("/sales", "call-1")).items()
    right = function["web_hook_url"].partition("__token=")[2]
    place = data.draw(st.integers(0, len(right) - 1))
    changed = right[:place] + data.draw(st.sampled_from("aZ0._-")) + right[place + 1 :]
    token = data.draw(st.sampled_from([changed, right[:place]]) | st.text("abcXYZ019._-%", max_size=150))
    if token == right:
        return
    answer = caller.ask("POST", f"/sales/swaig?__token={token}", {"function": name, "call_id": "call-1"})
    assert answer.status == 200
    assert "security token" in answer.json["response"]


@EXAMPLES
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_credentials_but_the_right_ones(served, user, password):
    raw = written("GET /sales HTTP/1.1", HOST, f"Authorization: {basic(user, password)}")
    assert (user, password) == CREDENTIALS or answer_of(served, raw).status in (401, 429)
    assert Platform(served.url, CREDENTIALS).ask("GET", "/sales").status == 200


def test_afterwards_all_is_well(served):
    with Connection.to(served.url) as connection:
        assert connection.ask(get("/sales")).status == 200
