"""Connections, over real sockets: whole answers, targets, and clients that close their sending half."""

from __future__ import annotations

import asyncio
import socket
import threading

import httptools
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from raw_http import Connection

from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.runtime.start import make_runtime
from agenthost._web.process.connections import Server, protocol_for, uvicorn_config
from agenthost._web.request.answers import SharedHeaders, send_bytes
from agenthost._web.request.rules import InForce
from agenthost.secret import Secret

GET = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /%b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


class Application:
    """An application that returns the path and the body.

    ``/slow`` responds late, and ``/waits`` when its client disconnects. ``/whole`` is answered at once, and
    ``/target`` with the path and the query as they were sent.
    """

    def __init__(self):
        self.left = threading.Event()
        self.answered = threading.Event()

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        if scope["path"] == "/slow":
            await asyncio.sleep(0.2)
        if scope["path"] == "/waits":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
            return
        said = scope["path"].encode() + body
        if scope["path"] == "/whole":
            await send_bytes(send, 200, SharedHeaders([(b"x-kind", b"whole")]), said)
            return
        if scope["path"].startswith("/target"):
            said = scope["raw_path"] + b" " + scope["query_string"]
        headers = [(b"content-length", b"%d" % len(said))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said})
        self.answered.set()


@pytest.fixture(params=["asyncio", "auto"])
def served(request):
    """A URL, and the application there."""
    app = Application()
    host = HostConfig(password=Secret("good for tests"), signing_keys=(Secret("key"),))
    runtime = make_runtime(Config(host=host))
    server = Server(uvicorn_config(app, protocol_for(InForce(lambda: runtime.settings)), loop=request.param))
    with socket.create_server(("127.0.0.1", 0)) as opened:
        thread = threading.Thread(target=server.run, args=([opened],))
        thread.start()
        yield f"http://127.0.0.1:{opened.getsockname()[1]}", app
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("raw", [GET % b"quick", GET % b"slow", POST % b"slow" + b"body"], ids=["get", "slow", "post"])
def test_a_client_that_closes_its_sending_half_is_answered(served, raw):
    """And then the connection is closed."""
    with Connection.to(served[0]) as connection:
        connection.send(raw)
        connection.finish()
        answer = connection.answer()

        assert answer.status == 200
        assert answer.body in (b"/quick", b"/slow", b"/slowbody")
        assert connection.ended()


def test_all_requests_that_it_has_sent_are_answered(served):
    """An incomplete one behind them is not."""
    with Connection.to(served[0]) as connection:
        connection.send(GET % b"slow" + POST % b"slow" + b"body" + GET % b"quick" + POST % b"never" + b"bo")
        connection.finish()

        assert [connection.answer().body for _ in range(3)] == [b"/slow", b"/slowbody", b"/quick"]
        assert connection.ended()


@pytest.mark.parametrize("raw", [b"", GET[:20], POST % b"quick" + b"bo"], ids=["nothing", "half a head", "half a body"])
def test_without_a_complete_request_the_connection_is_closed(served, raw):
    url, app = served
    with Connection.to(url) as connection:
        connection.send(raw)
        connection.finish()

        assert connection.ended()
    assert not app.answered.is_set()


def test_a_handler_that_waits_for_a_disconnect_is_not_kept_waiting(served):
    """A client that has left and one that has closed its sending half look alike."""
    url, app = served
    with Connection.to(url) as connection:
        connection.send(GET % b"waits")
        connection.finish()

        assert connection.ended()
    assert app.left.wait(5)


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"], ids=["keep-alive", "close"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_an_answer_with_shared_headers_is_like_any_other(served, method, version, ending):
    """Status, headers and length are those of an answer in parts."""
    raw = b"%b /whole HTTP/%b\r\nHost: localhost\r\n%b\r\n" % (method, version, ending)
    with Connection.to(served[0]) as connection:
        answer = connection.ask(raw)

        assert (answer.status, answer.header("x-kind"), answer.header("content-length")) == (200, "whole", "6")
        assert answer.body == (b"" if method == b"HEAD" else b"/whole")
        if version == b"1.0" or ending:
            assert connection.ended()
        else:
            assert connection.ask(raw).status == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=40))
def test_a_target_is_split_as_a_url(served, rest):
    """At the first question mark, whatever else looks like a URL in it."""
    target = f"/target{rest}".encode()
    url = httptools.parse_url(target)
    with Connection.to(served[0]) as connection:
        answer = connection.ask(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)

        assert answer.body.split(b" ") == [url.path, url.query or b""]
