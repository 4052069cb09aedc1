"""Clients that are slow, silent or too many.

Each is limited, and other clients are not affected.
"""

import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from caller import Caller
from raw_http import Connection
from refusals import AUTH, HOST, error_of, get, served_desk, written

HALF_OPEN = 1000
QUICK = """
[host]
header_timeout = 1
body_timeout = 1
idle_timeout = 1
write_timeout = 1
"""


@pytest.fixture(scope="module")
def served(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text(QUICK)
    with served_desk(desk, cwd=place) as served:
        yield served


def post(*headers, body=b""):
    return written("POST /sales HTTP/1.1", HOST, AUTH, *headers, body=body)


def again_and_again(send, data, pause):
    """Send until the host does not take it any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        send(data)
        time.sleep(pause)


LATE = {
    "half a line": b"GET /li",
    "an empty line": b"\r\n",
    "half of the headers": b"GET /live HTTP/1.1\r\nHost: agents.example\r\n",
    "half a body": post("Content-Length: 10", body=b"{"),
    "no body": post("Content-Length: 10"),
    "half of the chunks": post("Transfer-Encoding: chunked", body=b"1\r\n{\r\n"),
}


@pytest.mark.parametrize("raw", LATE.values(), ids=LATE)
def test_a_request_that_does_not_come_in_time_is_408(served, raw):
    with Connection.to(served.url) as connection:
        answer = connection.ask(raw)
        assert answer.status == 408
        assert error_of(answer) == "the request did not come in time"
        assert answer.header("connection") == "close"
        assert connection.ended()


def test_headers_that_drip_are_no_better(served):
    """The timeout covers the whole head, however often a byte arrives."""
    with Connection.to(served.url) as connection:
        connection.send(b"GET /live HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):  # reset or broken pipe, as it happens
            again_and_again(connection.send, b"X: y\r\n", 0.1)


def test_a_connection_without_a_request_is_closed_without_a_word(served):
    with Connection.to(served.url) as connection:
        assert connection.ended()
    with Connection.to(served.url) as connection:
        assert connection.ask(get("/live")).status == 200
        assert connection.ended()


def test_a_refused_request_whose_body_never_comes_is_closed(served):
    with Connection.to(served.url) as connection:
        assert connection.ask(written("POST /sales HTTP/1.1", HOST, "Content-Length: 10")).status == 401
        assert connection.ended()


def test_who_does_not_read_is_cut_off(served):
    """A hundred documents are asked for, and none is taken."""
    parts = urlsplit(served.url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(15)
        client.connect((parts.hostname, parts.port))
        with pytest.raises(ConnectionError):  # reset or broken pipe, as it happens
            again_and_again(client.sendall, get("/sales") * 50, 0.02)


def test_a_thousand_half_open_connections_are_closed_and_nobody_notices(served):
    """Meanwhile ``/live`` and the agents answer each time."""
    with ExitStack() as held:
        opened = [held.enter_context(Connection.to(served.url)) for _ in range(HALF_OPEN)]
        for number, connection in enumerate(opened):
            if number % 2:
                connection.send(b"GET /live HTTP/1.1\r\n")
        for _ in range(50):
            assert served.status("/live") == 200
        assert Caller.of(served).ask("GET", "/sales").status == 401  # it has other credentials
        assert all(connection.ended() for connection in opened[::2])


def test_when_there_are_too_many_those_that_ask_nothing_give_way(desk):
    """A request in progress keeps its connection, and newcomers are answered."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text("[host]\nmax_connections = 50\n")
    with served_desk(desk, cwd=place) as served, ExitStack() as held:
        busy = held.enter_context(Connection.to(served.url))
        busy.send(post("Content-Length: 2", "Expect: 100-continue"))
        assert busy.interim() == 100  # it is in progress
        for _ in range(100):
            held.enter_context(Connection.to(served.url))
        assert served.status("/live") == 200
        busy.send(b"{}")
        assert busy.answer().status == 200
