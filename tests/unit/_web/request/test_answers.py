"""Answers: the form that every path of the host shares."""

from __future__ import annotations

import asyncio
import json

import pytest

from agenthost._web.request.answers import JSON, SECURITY, error, send_bytes, send_error, with_headers


def sent(answer):
    """The messages that an answer consists of."""
    messages = []

    async def send(message):
        messages.append(message)

    asyncio.run(answer(send))
    return messages


def test_an_answer():
    headers = [(b"x-one", b"1")]
    start, body = sent(lambda send: send_bytes(send, 200, headers, "ä".encode()))

    assert start == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"x-one", b"1"), (b"content-length", b"2")],
    }
    assert body == {"type": "http.response.body", "body": "ä".encode(), "more_body": False}
    assert headers == [(b"x-one", b"1")]


def test_an_empty_answer():
    start, body = sent(lambda send: send_bytes(send, 200, [], b""))

    assert start["headers"] == [(b"content-length", b"0")]
    assert body["body"] == b""


def test_an_answer_without_content_has_no_length():
    """RFC 9110, section 8.6."""
    start, _ = sent(lambda send: send_bytes(send, 204, [(b"allow", b"POST")], b""))

    assert start["headers"] == [(b"allow", b"POST")]


@pytest.mark.parametrize(
    ("status", "sentence", "said"),
    [
        (400, "call must be an object", "call must be an object"),
        (401, "Unauthorized", "Unauthorized"),
        (404, None, "Not Found"),
        (405, None, "Method Not Allowed"),
        (503, 'the host is "starting"\n', 'the host is "starting"\n'),
    ],
)
def test_an_error(status, sentence, said):
    """The body is JSON with one sentence, by default the phrase of the status."""
    start, body = sent(lambda send: send_error(send, status, sentence, SECURITY))

    assert status == start["status"]
    assert {"error": said} == json.loads(body["body"])
    assert [*SECURITY, JSON, (b"content-length", b"%d" % len(body["body"]))] == start["headers"]
    assert body["body"] == error(said)


class TestWithHeaders:
    def test_somebody_else_s_answer(self):
        """It keeps its own headers, and gets what it does not have."""
        theirs = [(b"X-Frame-Options", b"SAMEORIGIN"), (b"x-own", b"1")]

        async def answer(send):
            await with_headers(send, SECURITY)({"type": "http.response.start", "status": 200, "headers": theirs})
            await with_headers(send, SECURITY)({"type": "http.response.body", "body": b"x"})

        start, body = sent(answer)

        assert start["headers"] == [
            *theirs,
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"strict-origin-when-cross-origin"),
        ]
        assert body == {"type": "http.response.body", "body": b"x"}

    def test_without_headers(self):
        (start,) = sent(lambda send: with_headers(send, SECURITY)({"type": "http.response.start", "status": 204}))

        assert start["headers"] == SECURITY
