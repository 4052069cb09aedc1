"""Requests, whatever is sent."""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode, b64encode
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

from hypothesis import example, given, strategies as st

from agenthost._host.access.principals import NO_KEYS, OF_HOST, Door
from agenthost._web.request.requests import Disconnected, Head, Refused, query_value, raw_path, read_body

PIECES = st.sampled_from(
    [
        b"/",
        b"/",
        b"a",
        b"B",
        b".",
        b"..",
        b"%2e",
        b"%2F",
        b"%5c",
        b"%00",
        b"%25",
        b"%41",
        b"%20",
        b"%C3",
        b";",
        b"\\",
        b" ",
        b"\xc3",
        b"-",
        b"%7E",
    ]
)
PATHS = st.lists(PIECES, max_size=8).map(b"".join) | st.binary(max_size=8).map(b"/".__add__)


def status_of(path):
    try:
        return 200, raw_path(path)
    except Refused as refused:
        return refused.status, None


@given(PATHS)
def test_a_path_that_passes_means_one_thing(path):
    """Decoded or not, split or not, every server sees the same segments in it."""
    status, seen = status_of(path)
    if status != 200:
        return

    decoded = unquote_to_bytes(path)
    segments = path.split(b"/")[1:]
    assert path == seen.encode()
    assert path.startswith(b"/")
    assert decoded.count(b"/") == path.count(b"/")
    assert not {b"", b".", b".."} & {unquote_to_bytes(segment) for segment in segments[:-1]}
    assert unquote_to_bytes(segments[-1]) not in (b".", b"..")
    assert not set(b";\\\x00\r\n\x7f") & set(decoded)


@given(st.lists(st.text("abcXYZ019-._~", min_size=1, max_size=6).filter(lambda s: s not in (".", "..")), max_size=5))
def test_plain_paths_pass(segments):
    path = "/" + "/".join(segments)

    assert (200, path) == status_of(path.encode())


@given(st.text(max_size=10), st.text(max_size=10), st.sampled_from([b"Basic ", b"basic "]))
def test_the_pair_opens(user, password, scheme):
    """Any user and password, in UTF-8."""
    pair = f"{user}:{password}".encode("utf-8", "replace")

    assert Door((pair,), OF_HOST).principal_of(scheme + b64encode(pair), NO_KEYS) is OF_HOST


@given(st.binary(max_size=30) | st.binary(max_size=12).map(lambda raw: b"Basic " + b64encode(raw)))
@example(b"Basic YTpi")
def test_nothing_else_opens(header):
    """Only what decodes to the pair."""
    scheme, _, encoded = header.partition(b" ")
    try:
        decoded = b64decode(encoded.strip(b" "), validate=True)
    except binascii.Error:
        decoded = b""

    opened = Door((b"a:b",), OF_HOST).principal_of(header, NO_KEYS) is OF_HOST
    assert (scheme.lower() == b"basic" and decoded == b"a:b") is opened


@given(st.lists(st.tuples(st.sampled_from(["__token", "token", "call_id", "x"]), st.text(max_size=6))))
def test_a_query_is_read_as_others_read_it(pairs):
    """A query of ``urllib`` is read, the first value of each name."""
    pairs = [(name, value.encode("utf-8", "replace").decode()) for name, value in pairs]
    query = urlencode(pairs)
    first = dict(reversed(parse_qsl(query, keep_blank_values=True)))

    assert first.get("__token", first.get("token")) == query_value(query.encode(), b"__token", b"token")


@given(st.binary(max_size=40), st.binary(max_size=10))
def test_any_query_is_read_without_an_exception(query, name):
    value = query_value(query, name)

    assert value is None or isinstance(value, str)


@given(st.lists(st.binary(max_size=5), max_size=6), st.integers(0, 20), st.integers(0, 7))
def test_a_body_is_what_was_sent(chunks, limit, leaves):
    """The pieces of the body have no effect.

    The result is the whole body, 413 as soon as it is too large, or nothing when the client leaves.
    """
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    messages.insert(leaves, {"type": "http.disconnect"})
    taken = []

    async def receive():
        taken.append(messages[len(taken)])
        return taken[-1]

    try:
        body: bytes | None = asyncio.run(read_body(receive, limit))
    except Refused as refused:
        body, status = None, refused.status
    except Disconnected:
        body, status = None, 0
    else:
        status = 200

    read = [message.get("body", b"") for message in taken]
    if status == 200:
        assert b"".join(chunks) == body
        assert len(body) <= limit
    elif status == 413:
        assert len(b"".join(read[:-1])) <= limit < len(b"".join(read))
    else:
        assert taken[-1]["type"] == "http.disconnect"


@given(
    st.lists(
        st.tuples(st.sampled_from([b"host", b"content-length", b"transfer-encoding", b"x"]), st.binary(max_size=4))
    )
)
def test_a_head_that_is_read_describes_one_request(headers):
    """It has one host that is valid in a URL, and one length at most."""
    try:
        head = Head.read(headers, "1.1")
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 - the other half of the property
        return

    named = [name for name, _ in headers]
    assert named.count(b"host") == 1
    assert f"http://{head.host.decode()}/" == quote(f"http://{head.host.decode()}/", safe=":/[]")
    assert named.count(b"content-length") + (b"transfer-encoding" in named and b"content-length" in named) <= 1
    assert head.content_length is None or int(head.content_length) >= 0
