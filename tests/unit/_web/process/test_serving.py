"""The server's end, over a real socket."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading

import pytest

from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.runtime.start import make_runtime
from agenthost._web.process.connections import protocol_for, uvicorn_config
from agenthost._web.process.serving import _Server
from agenthost._web.request.answers import send_bytes
from agenthost._web.request.rules import InForce
from agenthost.secret import Secret


async def application(scope, receive, send):
    """Answer with nothing."""
    await send_bytes(send, 200, [], b"")


@pytest.fixture
def served():
    """A server with its event loop, and a client whose connection is open."""
    host = HostConfig(password=Secret("good for tests"), signing_keys=(Secret("key"),))
    runtime = make_runtime(Config(host=host))
    server = _Server(uvicorn_config(application, protocol_for(InForce(lambda: runtime.settings)), loop="asyncio"))
    server.closed = lambda: None
    server._draining = lambda: 0.0
    loops = []

    async def serve(opened):
        loops.append(asyncio.get_running_loop())
        server.config.load()
        await server.serve([opened])

    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        thread = threading.Thread(target=asyncio.run, args=(serve(opened),))
        thread.start()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/first")
        assert _answer(client) == (200, None)
        yield server, loops[0], client
        client.close()
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def _answer(client):
    answer = client.getresponse()
    answer.read()
    return answer.status, answer.headers["connection"]


def test_a_kept_connection_learns_that_the_process_is_replaced(served):
    """Its client opens another one, rather than sending a request that nobody reads."""
    server, loop, client = served

    leaving = asyncio.run_coroutine_threadsafe(server.stop_accepting(), loop)
    client.request("GET", "/second")

    assert _answer(client) == (200, "close")
    leaving.result(10)


def test_a_kept_connection_learns_that_the_process_ends(served):
    """That holds for a process without a grace, too."""
    server, _, client = served
    closing = threading.Event()
    server.closed = closing.set

    server.should_exit = True
    assert closing.wait(10)
    client.request("GET", "/second")

    assert _answer(client) == (200, "close")
