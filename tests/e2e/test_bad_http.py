"""HTTP itself, by the rules of wire.md, section 2: paths, methods, framing, and what is no HTTP at all."""

import pytest
from raw_http import Connection, exchange, written
from refusals import AUTH, HOST, SIGNED, WORD, Sender, assert_safe, error_of, get, post, served_desk


@pytest.fixture(scope="module")
def served(desk):
    with served_desk(desk) as served:
        yield served


@pytest.fixture
def sender(served):
    return Sender(served.url)


# -- paths and methods -----------------------------------------------------------------------------------------------


TWO_MEANINGS = [
    *("/%2fsales", "/%2Fsales", "/sales%2fswaig", "/%5csales", "/%5Csales", "/sales\\", "/sales\\swaig"),
    *(
        "/sales%00",
        "/%00",
        "/sales%25",
        "/%252fsales",
        "/sales%0a",
        "/sales%0d%0aX-Word:%201",
        "/sales%09",
        "/sales%7f",
    ),
    *("//", "//sales", "/sales//", "/sales//swaig", "//health", "//agents.example/sales"),
    *("/sales;", "/sales;x=1", "/;x/sales", "/health;x"),
    *("/.", "/..", "/./sales", "/../sales", "/sales/.", "/sales/..", "/sales/../support", "/sales/./swaig"),
    *("/%2e/sales", "/%2e%2e/sales", "/sales/.%2e/support", "/sales/%2E%2E/", "/health/%2e%2e/live"),
]


@pytest.mark.parametrize("path", TWO_MEANINGS)
def test_a_path_that_two_servers_could_read_differently_is_400(sender, path):
    sender.refused(get(f"{path}?{WORD}"), 400)


@pytest.mark.parametrize(
    "path", ["/sal\x01es", "/sal\tes", "/sales\x7f", "/sal es", "/\xe9", "/sales\x80", "", "sales"]
)
def test_a_path_that_is_none_is_400(sender, path):
    sender.refused(get(path), 400)


@pytest.mark.parametrize(
    "path",
    [
        *(f"/{WORD}", "/Sales", "/SALES", "/sale", "/saless", "/sales/x", "/sales/swaigx", "/sales/swaig/x"),
        *("/sales/SWAIG", "/s%61les", "/%73ales", "/sales%20", "/sales%3f", "/sales%zz", "/sales%", "/heal%74h"),
        *("/nowhere/swaig", "/health/nobody", "/favicon.ico", "/schema", "/schema/openapi.json", "/docs"),
    ],
)
def test_an_unknown_path_is_404(sender, path):
    assert sender.refused(get(path), 404) == "Not Found"


@pytest.mark.parametrize("path", ["/sales", "/sales/", "/sales/swaig", "/sales/swaig/", "/swaig", "/swaig/", "/"])
def test_one_trailing_slash_is_not_looked_at(sender, path):
    assert sender.accepted(get(path)).json["version"] == "1.0.0"


def test_the_query_is_not_a_path(sender):
    sender.accepted(get("/sales?a=//b/../%2f%00;\\&call_id=1"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/sales", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/sales/swaig", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/health", {"GET", "HEAD", "OPTIONS"}),
        ("/live", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_405_and_what_is_allowed_works(served, path, allowed, method):
    answer = exchange(served.url, get(path, method=method))

    assert answer.status == 405
    assert set(answer.header("allow").split(", ")) == allowed
    assert error_of(answer) == "Method Not Allowed"


@pytest.mark.parametrize("path", ["/", "/sales", "/sales/swaig", "/health", "/live", "/ready", "/startup"])
def test_options_tells_what_is_allowed_and_all_of_that_is(served, path):
    answer = exchange(served.url, get(path, method="OPTIONS"))
    assert answer.status == 204
    assert_safe(answer)

    for method in answer.header("allow").split(", "):
        assert exchange(served.url, get(path, "Content-Length: 0", method=method)).status != 405
    for method in {"GET", "HEAD", "POST"} - set(answer.header("allow").split(", ")):
        assert exchange(served.url, get(path, "Content-Length: 0", method=method)).status == 405


@pytest.mark.parametrize("method", ["get", "FOO", "GETT", f"{WORD}", "G\x00T", "G(T"])
def test_a_method_that_is_none_is_400(sender, method):
    sender.refused(get("/sales", method=method), 400)


@pytest.mark.parametrize("path", ["/sales", "/sales/swaig", "/health", "/live", "/ready", "/startup", "/nowhere"])
def test_head_is_get_without_the_body(served, path):
    head, full = (exchange(served.url, get(f"{path}?call_id=1", method=method)) for method in ("HEAD", "GET"))

    assert head.status == full.status
    assert_safe(head)
    assert head.header("content-type") == full.header("content-type")


# -- framing ---------------------------------------------------------------------------------------------------------


def framed(*headers, body=b"", line="POST /sales HTTP/1.1"):
    return written(line, *SIGNED, *headers, body=body)


CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"
BAD_FRAMES = {
    "no Host": written("GET /sales HTTP/1.1", AUTH),
    "two Hosts": written("GET /sales HTTP/1.1", HOST, HOST, AUTH),
    "two other Hosts": written("GET /sales HTTP/1.1", HOST, AUTH, f"Host: {WORD}"),
    "two Hosts at /health": written("GET /health HTTP/1.1", HOST, HOST),
    "no Host at /live": written("GET /live HTTP/1.1"),
    "empty Host": written("GET /sales HTTP/1.1", AUTH, "Host:"),
    "a Host with credentials": written("GET /sales HTTP/1.1", AUTH, f"Host: {WORD}@agents.example"),
    "a Host with a path": written("GET /sales HTTP/1.1", AUTH, f"Host: agents.example/{WORD}"),
    "a Host with a quote": written("GET /sales HTTP/1.1", AUTH, f'Host: agents.example"{WORD}'),
    "a Host with a space": written("GET /sales HTTP/1.1", AUTH, f"Host: agents.example {WORD}"),
    "a Host with an odd port": written("GET /sales HTTP/1.1", AUTH, f"Host: agents.example:{WORD}"),
    "a length and chunks": framed("Content-Length: 2", "Transfer-Encoding: chunked", body=CHUNKED),
    "chunks and a length": framed("Transfer-Encoding: chunked", "Content-Length: 2", body=CHUNKED),
    "two lengths": framed("Content-Length: 2", "Content-Length: 2", body=b"{}"),
    "two other lengths": framed("Content-Length: 2", "Content-Length: 3", body=b"{} "),
    "a list of lengths": framed("Content-Length: 2, 2", body=b"{}"),
    "a negative length": framed("Content-Length: -2", body=b"{}"),
    "a signed length": framed("Content-Length: +2", body=b"{}"),
    "a length in hex": framed("Content-Length: 0x2", body=b"{}"),
    "a length beyond 64 bits": framed(f"Content-Length: {2**64 + 2}", body=b"{}"),
    "another transfer coding": framed("Transfer-Encoding: gzip", body=b"{}"),
    "chunks twice": framed("Transfer-Encoding: chunked, chunked", body=CHUNKED),
    "chunks, then another coding": framed("Transfer-Encoding: chunked, identity", body=CHUNKED),
    "a chunk of no size": framed("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n"),
    "a chunk beyond 64 bits": framed("Transfer-Encoding: chunked", body=b"f" * 17 + b"\r\n{}\r\n"),
    "a chunk with a longer body": framed("Transfer-Encoding: chunked", body=b"1\r\n{}\r\n0\r\n\r\n"),
    "a folded header": framed(f"X-Folded: a\r\n {WORD}"),
    "a space before a colon": framed("X-Odd : a"),
    "a space in a name": framed(f"X {WORD}: a"),
    "NUL in a header": framed(f"X-Odd: a\x00{WORD}"),
    "CR in a header": framed(f"X-Odd: a\r{WORD}"),
    "LF alone": framed().replace(b"\r\n", b"\n") + b"\r\n\r\n",
    "another HTTP": framed(line="GET /sales HTTP/3.7"),
    "HTTP/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "words": f"{WORD} {WORD} {WORD}\r\n\r\n".encode(),
    "one word": f"{WORD}\r\n\r\n".encode(),
    "NULs": b"\x00" * 100,
    "SIP": b"OPTIONS sip:sales@agents.example SIP/2.0\r\n\r\n",
    "a giant path": framed(line=f"GET /{'a' * 100_000} HTTP/1.1"),
}


@pytest.mark.parametrize("raw", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_what_is_no_proper_http_is_400_in_the_form_of_all_errors(sender, raw):
    sender.refused(raw, 400)


def test_after_what_is_no_http_the_connection_ends(served):
    with Connection.to(served.url) as connection:
        answer = connection.ask(b"\x00" * 100)
        assert answer.status == 400
        assert answer.header("connection") == "close"
        assert connection.ended()


@pytest.mark.parametrize(
    "raw",
    [
        framed(f"X-Long: {'a' * 100_000}", line="GET /sales HTTP/1.1"),
        framed(f"{'X' * 100_000}: a", line="GET /sales HTTP/1.1"),
        framed(*(f"X-{number}: a" for number in range(5000)), line="GET /sales HTTP/1.1"),
        framed(line=f"GET /sales?{'a' * 60_000} HTTP/1.1"),
    ],
    ids=["a long value", "a long name", "many headers", "a long query"],
)
def test_giant_headers_are_answered(served, raw):
    """Taken or refused, in the form of all answers; and the next one on the same connection, or on another, is too."""
    answer = exchange(served.url, raw)

    assert answer.status in {200, 400, 414, 431}
    assert_safe(answer)


def test_http_1_0_needs_no_host(sender):
    assert sender.accepted(written("GET /sales HTTP/1.0", AUTH)).header("connection") == "close"


def test_chunks_are_taken(sender):
    sender.accepted(framed("Transfer-Encoding: chunked", body=CHUNKED))


def test_a_request_to_upgrade_is_answered_as_it_is(sender):
    sender.accepted(get("/sales", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"))


def test_the_body_of_a_refused_request_is_not_read_as_the_next_request(served):
    """What follows it on the same connection is."""
    hidden = get("/live")
    body = hidden.ljust(300)

    with Connection.to(served.url) as connection:
        refused = connection.ask(written("POST /sales HTTP/1.1", HOST, f"Content-Length: {len(body)}", body=body))
        next_one = connection.ask(get("/startup"))

    assert refused.status == 401
    assert next_one.json == {"status": "started"}


def test_refused_requests_leave_the_connection_open(served):
    """One that is well-formed as HTTP, and refused for what it says, is followed by the next."""
    with Connection.to(served.url) as connection:
        statuses = [
            connection.ask(raw).status
            for raw in (
                get("/nowhere"),
                post("/sales", b"["),
                get("//sales"),
                get("/sales", method="PUT"),
                post("/sales", b"{}", "Content-Type: text/plain"),
                written("GET /sales HTTP/1.1", HOST),
                get("/sales"),
            )
        ]

    assert statuses == [404, 400, 400, 405, 415, 401, 200]


def test_a_client_that_leaves_in_the_middle_hurts_nobody(served, sender):
    for raw in (framed("Content-Length: 100", body=b"{"), b"GET /sales HT", framed("Transfer-Encoding: chunked")):
        with Connection.to(served.url) as connection:
            connection.send(raw)

    sender.accepted(get("/sales"))
