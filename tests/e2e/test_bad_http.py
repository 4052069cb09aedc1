"""HTTP itself (wire.md, section 2): paths, methods, framing, and bytes that are not HTTP."""

import json

import pytest
from raw_http import Connection, exchange, written
from refusals import AUTH, HOST, SIGNED, WORD, Sender, assert_safe, error_of, get, post, served_desk, signed


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


EMPTY_OBJECT = signed("http://agents.example/sales", b"{}")
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
    "chunks of a coding": framed("Transfer-Encoding: gzip, chunked", body=CHUNKED),
    "chunks in two headers": framed("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=CHUNKED),
    "chunks in HTTP/1.0": framed("Transfer-Encoding: chunked", body=CHUNKED, line="POST /sales HTTP/1.0"),
    "no version": b"GET /live\r\n\r\n",
    "HTTP/2 in the line": framed(line="GET /sales HTTP/2.0"),
    "a whole URL": framed(line="GET http://agents.example/sales HTTP/1.1"),
    "a fragment": framed(line=f"GET /sales#{WORD} HTTP/1.1"),
    "no path": framed(line="OPTIONS * HTTP/1.1"),
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


LARGE_HEADS = {
    "a long value": (framed(f"X-Long: {'a' * 40_000}", line="GET /sales HTTP/1.1"), 431),
    "a value without an end": (f"GET /sales HTTP/1.1\r\nX-Long: {'a' * 60_000}".encode(), 431),
    "a long name": (framed(f"{'X' * 40_000}: a", line="GET /sales HTTP/1.1"), 431),
    "many headers": (framed(*("X: a" for _ in range(101)), line="GET /sales HTTP/1.1"), 431),
    "a long path": (framed(line=f"GET /{'a' * 9_000} HTTP/1.1"), 414),
    "a path without an end": (f"GET /{'a' * 60_000}".encode(), 414),
    "a long query": (framed(line=f"GET /sales?{'a' * 9_000} HTTP/1.1"), 414),
    "a long query at /live": (get(f"/live?{'a' * 100_000}"), 414),
}


@pytest.mark.parametrize(("raw", "status"), LARGE_HEADS.values(), ids=LARGE_HEADS)
def test_large_heads_are_refused(sender, raw, status):
    sender.refused(raw, status)


def test_heads_that_fit_are_taken(sender):
    many = (f"X-{number}: {'a' * 400}" for number in range(70))
    sender.accepted(framed(*many, line=f"GET /sales?{'a' * 8_000} HTTP/1.1"))


def test_http_1_0_needs_no_host(sender):
    assert sender.accepted(written("GET /sales HTTP/1.0", AUTH)).header("connection") == "close"


def test_chunks_are_taken(sender):
    sender.accepted(framed("Transfer-Encoding: chunked", EMPTY_OBJECT, body=CHUNKED))


def test_what_follows_the_chunks_is_no_header(sender):
    """A trailer cannot replace a header."""
    trailers = b"Host: other.example\r\nAuthorization: Basic eDp5\r\nContent-Encoding: gzip\r\nX: y\r\n"
    sender.accepted(framed("Transfer-Encoding: chunked", EMPTY_OBJECT, body=b"2\r\n{}\r\n0\r\n" + trailers + b"\r\n"))


def test_chunks_need_content(served):
    """A body may not be all extensions."""
    with Connection.to(served.url) as connection:
        connection.send(framed("Transfer-Encoding: chunked", "Expect: 100-continue"))
        assert connection.interim() == 100
        answer = connection.ask(b"2;" + b"a" * 70_000 + b"\r\n{}\r\n1\r\n")
        assert answer.status == 400
        assert error_of(answer) == "the body has more framing than content"


@pytest.mark.parametrize("wish", ["websocket", "h2c"])
def test_a_wish_for_another_protocol_is_not_heard(served, wish):
    """The request is served with its body, and so is the next one.

    Nothing is logged but calls.
    """

    def logged():
        return [line for line in served.stderr.splitlines() if " INFO agenthost.calls: " not in line]

    wishes = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {wish}", "Content-Type: application/json")
    body = json.dumps({"function": "nothing", "call_id": "1"}).encode()
    before = logged()

    with Connection.to(served.url) as connection:
        connection.send(post("/sales/swaig", body, *wishes) + get("/live"))
        answers = [connection.answer() for _ in range(2)]
        whole = post("/sales/swaig", body, *wishes)
        connection.send(whole[:-20])
        connection.send(whole[-20:])
        answers.append(connection.answer())

    told = {"response": "There is no tool called nothing. There are: get_pricing."}
    assert [answer.json for answer in answers] == [told, {"status": "ok"}, told]
    assert logged() == before


def test_nothing_is_read_behind_connect(served):
    with Connection.to(served.url) as connection:
        connection.send(get("/sales", method="CONNECT") + get("/live"))
        assert connection.answer().status == 405
        assert connection.ended()


def test_pipelined_requests_are_answered_in_order_and_what_is_wrong_comes_last(served):
    with Connection.to(served.url) as connection:
        connection.send(get("/live") + get("/sales") + framed("Transfer-Encoding: chunked", body=b"zz\r\n"))
        assert [connection.answer().status for _ in range(3)] == [200, 200, 400]
        assert connection.ended()
    with Connection.to(served.url) as connection:
        connection.send(get("/live") + get("/startup") + b"\x00\r\n\r\n")
        assert [connection.answer().status for _ in range(3)] == [200, 200, 400]
        assert connection.ended()


def test_a_connection_ends_after_a_hundred_requests_that_wait(served):
    with Connection.to(served.url) as connection:
        connection.send(get("/live") * 200)
        answers = [connection.answer() for _ in range(101)]
        assert {answer.status for answer in answers} == {200}
        assert [answer.header("connection") for answer in answers] == [None] * 100 + ["close"]
        assert connection.ended()


def test_the_body_of_a_refused_request_is_not_read_as_the_next_request(served):
    """The following request on the connection is."""
    hidden = get("/live")
    body = hidden.ljust(300)

    with Connection.to(served.url) as connection:
        refused = connection.ask(written("POST /sales HTTP/1.1", HOST, f"Content-Length: {len(body)}", body=body))
        next_one = connection.ask(get("/startup"))

    assert refused.status == 401
    assert next_one.json == {"status": "started"}


def test_refused_requests_leave_the_connection_open(served):
    """A well-formed request that is refused is followed by the next one."""
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
