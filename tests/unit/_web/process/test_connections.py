"""Connections, over real sockets: what a client receives that closes its sending half."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from raw_http import Connection

from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.runtime.start import make_runtime
from agenthost._web.process.connections import Server, protocol_for, uvicorn_config
from agenthost._web.request.rules import InForce
from agenthost.secret import Secret

GET = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /%b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


class Application:
    """An application that returns the path and the body.

    ``/slow`` responds late, and ``/waits`` when its client disconnects.
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
