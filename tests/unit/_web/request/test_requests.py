"""Requests before anything is parsed: the tables of wire.md, section 2."""

from __future__ import annotations

import asyncio

import pytest

from agenthost._web.request.requests import Disconnected, Head, Refused, query_value, raw_path, read_body


class TestRawPath:
    @pytest.mark.parametrize(
        "path",
        [
            b"/",
            b"/a",
            b"/a/",
            b"/a-b_c.d~e",
            b"/A",
            b"/...",
            b"/a..b",
            b"/a%20b",
            b"/%C3%A4",
            b"/a:b@c!$&'()*+,=",
            b"/a?",
            b"/%zz",
            b"/%2",
        ],
    )
    def test_as_it_was_sent(self, path):
        assert path.decode() == raw_path(path)

    @pytest.mark.parametrize(
        "path",
        [
            b"",
            b"a",
            b"*",
            b"http://host/a",
            b"//",
            b"/a//b",
            b"/a%2fb",
            b"/a%2Fb",
            b"/a%5cb",
            b"/a%00b",
            b"/a%25b",
            b"/a%0ab",
            b"/a%1fb",
            b"/a%7Fb",
            b"/a;b",
            b"/a\\b",
            b"/.",
            b"/./a",
            b"/..",
            b"/a/..",
            b"/a/../b",
            b"/%2e",
            b"/a/%2E%2e/b",
            b"/a/.%2e",
            b"/a b",
            b"/a\x00",
            b"/a\n",
            b"/a\x7f",
            b"/a\x80",
            "/ä".encode(),
        ],
    )
    def test_what_two_servers_could_read_differently(self, path):
        with pytest.raises(Refused) as caught:
            raw_path(path)

        assert caught.value.status == 400
        assert caught.value.sentence == "the path has characters or segments that are not allowed"

    @pytest.mark.parametrize(
        "path", [b"/heal%74h", b"/%61", b"/%41", b"/%5A", b"/%7a", b"/%39", b"/a%2Db", b"/a%5fb", b"/%7e", b"/a%2eb"]
    )
    def test_a_letter_that_is_spelt_as_an_escape(self, path):
        """No route has one, so nothing is there."""
        with pytest.raises(Refused) as caught:
            raw_path(path)

        assert (caught.value.status, caught.value.sentence) == (404, None)


def read(*headers, version="1.1"):
    return Head.read(list(headers), version)


HOST = (b"host", b"agents.example")


class TestHead:
    def test_nothing_but_a_host(self):
        assert Head(b"agents.example", None, None, None, encoded=False) == read(HOST)

    def test_everything(self):
        head = read(
            HOST,
            (b"authorization", b"Basic x"),
            (b"content-type", b"application/json"),
            (b"content-length", b"12"),
            (b"content-encoding", b"gzip"),
            (b"x-other", b"1"),
        )

        assert Head(b"agents.example", b"Basic x", b"application/json", b"12", encoded=True) == head

    @pytest.mark.parametrize(
        ("codings", "encoded"),
        [
            ((b"identity",), False),
            ((b" Identity ",), False),
            ((b"",), True),
            ((b"br",), True),
            ((b"identity", b"gzip"), True),
        ],
    )
    def test_identity_is_not_an_encoding(self, codings, encoded):
        assert encoded is read(HOST, *((b"content-encoding", coding) for coding in codings)).encoded

    @pytest.mark.parametrize("version", ["1.0", "2"])
    def test_a_host_is_needed_in_http_1_1_alone(self, version):
        assert read(version=version).host == b"localhost"

    def test_a_body_without_length(self):
        assert read(HOST, (b"transfer-encoding", b"chunked")).content_length is None

    @pytest.mark.parametrize(
        ("headers", "sentence"),
        [
            ([], "Host is missing"),
            ([HOST, HOST], "Host is sent twice"),
            ([(b"host", b"")], "Host is not a host name with an optional port"),
            ([(b"host", b"a/b")], "Host is not a host name with an optional port"),
            ([HOST, (b"content-length", b"1"), (b"content-length", b"1")], "Content-Length is sent twice"),
            (
                [HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
                "Content-Length does not describe the body",
            ),
            (
                [HOST, (b"transfer-encoding", b"chunked"), (b"content-length", b"1")],
                "Content-Length does not describe the body",
            ),
            *(
                ([HOST, (b"content-length", length)], "Content-Length does not describe the body")
                for length in (b"", b"-1", b"+1", b"1.0", b"1, 1", b"0x1", b" 1", b"\xd9\xa1", b"1" * 19)
            ),
        ],
    )
    def test_what_is_refused(self, headers, sentence):
        with pytest.raises(Refused) as caught:
            read(*headers)

        assert (400, sentence) == (caught.value.status, caught.value.sentence)

    @pytest.mark.parametrize(
        ("name", "field"), [(b"authorization", "authorization"), (b"content-type", "content_type")]
    )
    def test_what_is_sent_twice_counts_for_nothing(self, name, field):
        """A header that is sent more than once is ignored."""
        for times in (2, 3):
            assert getattr(read(HOST, *[(name, b"application/json")] * times), field) == b""


class TestCheckBody:
    @pytest.mark.parametrize(
        "kind",
        [
            None,
            b"application/json",
            b"Application/JSON",
            b"application/json; charset=utf-8",
            b"application/json;charset=UTF-8",
            b'application/json ; charset="utf-8" ',
            b"application/json; charset=utf8",
            b'application/json; charset="UTF8"',
        ],
    )
    def test_json(self, kind):
        assert Head(b"h", None, kind, b"5", encoded=False).check_body(5) is None

    @pytest.mark.parametrize(
        "kind",
        [
            b"",
            b"text/plain",
            b"application/json5",
            b"application/jsonx",
            b"xapplication/json",
            b"application/problem+json",
            b"application/json; charset=latin-1",
            b"application/json; charset=utf-8; a=b",
            b"application/json, application/json",
            b"application/json\n; charset=utf-16",
        ],
    )
    def test_other_types(self, kind):
        with pytest.raises(Refused) as caught:
            Head(b"h", None, kind, None, encoded=False).check_body(5)

        assert (caught.value.status, caught.value.sentence) == (415, "Content-Type must be application/json")

    def test_encodings(self):
        with pytest.raises(Refused) as caught:
            Head(b"h", None, None, None, encoded=True).check_body(5)

        assert (caught.value.status, caught.value.sentence) == (415, "Content-Encoding is not supported")

    def test_a_declared_length_over_the_limit(self):
        """It is refused before anything is read, and the connection ends with it."""
        with pytest.raises(Refused) as caught:
            Head(b"h", None, None, b"6", encoded=False).check_body(5)

        assert (caught.value.status, caught.value.sentence) == (413, "the body is larger than 5 bytes")
        assert caught.value.headers == [(b"connection", b"close")]


class TestQueryValue:
    @pytest.mark.parametrize(
        ("query", "value"),
        [
            (b"", None),
            (b"a=1", None),
            (b"token=1", "1"),
            (b"__token=2&token=1", "2"),
            (b"token=1&__token=2", "2"),
            (b"__token=1&__token=2", "1"),
            (b"__token", ""),
            (b"__token=", ""),
            (b"__token=&token=1", ""),
            (b"a&b&&token=a=b", "a=b"),
            (b"token=a%20b+c%C3%A4", "a b cä"),
            (b"token=%ff%zz", "�%zz"),
            (b"token=\xe4", "ä"),
            (b"%74oken=1", None),
            (b"Token=1", None),
            (b"xtoken=1", None),
        ],
    )
    def test_the_first_of_the_first_name(self, query, value):
        assert value == query_value(query, b"__token", b"token")


def received(*messages):
    """Return the body that is read from these messages."""
    waiting = iter(messages)

    async def receive():
        return next(waiting)

    return asyncio.run(read_body(receive, 10)), list(waiting)


def part(body, *, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


class TestReadBody:
    @pytest.mark.parametrize(
        ("messages", "body"),
        [
            ([part(b"", more=False)], b""),
            ([{"type": "http.request"}], b""),
            ([part(b"0123456789", more=False)], b"0123456789"),
            ([part(b"01"), part(b""), part(b"23", more=False)], b"0123"),
            ([part(b"01234"), part(b"56789"), {"type": "http.request"}], b"0123456789"),
        ],
    )
    def test_as_it_comes(self, messages, body):
        assert (body, []) == received(*messages)

    @pytest.mark.parametrize(
        "messages", [[part(b"x" * 11, more=False)], [part(b"x" * 6), part(b"x" * 5), part(b"never read")]]
    )
    def test_too_much(self, messages):
        """Nothing is read beyond the limit."""
        with pytest.raises(Refused, match="413"):
            received(*messages[:2])

    @pytest.mark.parametrize("before", [[], [part(b"x")]])
    def test_a_client_that_leaves(self, before):
        with pytest.raises(Disconnected):
            received(*before, {"type": "http.disconnect"})
