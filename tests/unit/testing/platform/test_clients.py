"""The clients of the simulated platform, and the sockets that they open."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from calling import called, tool
from swml_host import BASE, SwmlHost, ai, document, function

from agenthost.testing.platform import (
    AsgiClient,
    HttpClient,
    HttpRequest,
    Platform,
    PlatformOptions,
    SeveralHosts,
    Stub,
    UnreachableError,
)
from agenthost.testing.platform.http.sockets import with_known_credentials

FOREIGN = {
    "function": "look",
    "description": "l",
    "data_map": {"webhooks": [{"url": "https://a.example", "output": "x"}]},
}
INCLUDED = {"includes": [{"url": "https://b.example"}], "functions": [function("f"), FOREIGN]}


@pytest.fixture
def connections(monkeypatch):
    """Collects the addresses to which sockets connect."""
    found = []
    original = socket.socket.connect

    def connect(self, address):
        found.append(address)
        return original(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


class Port:
    """A server of HTTP on a port, in front of an ASGI application."""

    def __init__(self, app):
        self._app = app

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = [line.partition(": ")[::2] for line in head[1:] if line]
        length = int({name.lower(): value for name, value in headers}.get("content-length", 0))
        body = await reader.readexactly(length)
        names = tuple((name, value) for name, value in headers if name.lower() != "host")
        answer = await AsgiClient(self._app).send(HttpRequest(method, f"http://host.example{target}", names, body))
        located = f"location: {answer.header('location')}\r\n" if answer.status == 307 else ""
        writer.write(
            f"HTTP/1.1 {answer.status} X\r\ncontent-length: {len(answer.body)}\r\n{located}"
            f"content-type: application/json\r\nconnection: close\r\n\r\n".encode()
            + answer.body
        )
        await writer.drain()
        writer.close()


def test_a_call_in_process_opens_no_socket(connections):
    host = SwmlHost({"/": document({"request": {"url": "https://c.example"}}, ai(SWAIG=INCLUDED))})

    async def run():
        async with await Platform(host.client()).call("/") as call:
            await call.tool("f")
            await call.tool("look")
            await call.hang_up("bye")
            return call

    call = asyncio.run(run())

    assert connections == []
    assert len(call.trace.of("tool")) == 2


def test_a_call_to_a_url_connects_to_that_host_alone(connections):
    """Its documents name another URL as their own, which goes to the same port."""
    host = SwmlHost({"/first": {"location": "/"}, "/": document(ai(SWAIG=INCLUDED))})

    async def run():
        async with Port(host) as port, HttpClient(f"http://user:pass@127.0.0.1:{port.port}", (BASE,)) as client:
            call = await Platform(client).call("/first")
            outcome = await call.tool("f")
            await call.tool("look")
            await call.hang_up("bye")
            return port.port, outcome, call

    port, outcome, call = asyncio.run(run())

    assert set(connections) == {("127.0.0.1", port)}
    assert outcome.response == "done"
    assert [headers["host"] for target, _, headers in host.received if target.startswith("/swaig")] == ["host.example"]
    assert all("authorization" in headers for _, _, headers in host.received)
    assert call.agent == "/"


def test_a_schema_that_refers_to_a_url_is_not_fetched():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - as socket has it
        schema = {"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"}
        host = SwmlHost({"/": document(ai(function("f", parameters=schema)))})

        async def run():
            async with await Platform(host.client()).call("/") as call:
                return await call.tool("f", x=1)

        assert asyncio.run(run()).response == "done"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_url_that_does_not_answer_is_a_finding():
    async def run():
        async with HttpClient("http://127.0.0.1:9") as client, await Platform(client).call("/") as call:
            return call.cause, [event.data["code"] for event in call.trace.findings]

    assert asyncio.run(run()) == ("script_error", ["relay_script_unreachable"])


@pytest.mark.parametrize(
    ("url", "whole"),
    [("http://h/a", "http://u:p%40s@h/a"), ("http://x:y@h", "http://x:y@h")],
)
def test_credentials_come_from_the_url_or_the_environment(url, whole, monkeypatch):
    assert with_known_credentials(url) == url
    monkeypatch.setenv("SWML_BASIC_AUTH_USER", "u")
    monkeypatch.setenv("SWML_BASIC_AUTH_PASSWORD", "p@s")
    assert with_known_credentials(url) == whole


def test_a_client_that_is_not_open_says_so():
    with pytest.raises(UnreachableError, match="async with"):
        asyncio.run(HttpClient("http://127.0.0.1").send(HttpRequest("GET", "http://127.0.0.1/")))


def test_an_application_that_fails_is_unreachable():
    async def raises(scope, receive, send):
        raise ValueError

    async def silent(scope, receive, send):
        await receive()

    async def hangs(scope, receive, send):
        await asyncio.Event().wait()

    for app, reason in ((raises, "raised ValueError"), (silent, "sent no answer"), (hangs, "no answer within")):
        with pytest.raises(UnreachableError, match=reason):
            asyncio.run(AsgiClient(app).send(HttpRequest("GET", "http://127.0.0.1:3000/", timeout=0.01)))


def test_the_lifespan_of_an_application_is_entered():
    seen = []

    async def app(scope, receive, send):
        while scope["type"] == "lifespan":
            kind = (await receive())["type"]
            seen.append(kind)
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    async def run():
        async with AsgiClient(app):
            seen.append("serving")

    asyncio.run(run())

    assert seen == ["lifespan.startup", "serving", "lifespan.shutdown"]


def test_an_application_that_does_not_start():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed"})

    async def run():
        async with AsgiClient(app):
            pass

    with pytest.raises(UnreachableError, match="did not start"):
        asyncio.run(run())


def test_signatures_are_of_the_url_without_credentials():
    """Both are HMACs of the URL and the body, as hosts verify them."""
    host = SwmlHost({"/": document(ai(function("f")))})
    options = PlatformOptions(signing_key="k", sign_all=False, stubs=(Stub("*", {}),))

    async def run(options):
        async with await Platform(host.client(), options).call("/") as call:
            await call.tool("f")

    asyncio.run(run(options))
    asyncio.run(run(PlatformOptions(signing_key="k")))
    signed = ["x-signalwire-sha256-signature" in headers for _, _, headers in host.received]

    assert signed == [True, False, True, True]


def handing_over(dest):
    """Return the documents and functions of a host that hands a call to another."""
    there = {"SWML": document({"transfer": {"dest": dest}}), "transfer": True}
    return {"/": document(ai(function("f")))}, {"f": {"action": [{"set_global_data": {"kept": 1}}, there]}}


def test_a_call_passes_from_host_to_host(connections):
    """One in this process, one at a port, each with its own credentials."""

    async def run():
        second = SwmlHost({"/secret": document(ai(function("g")))})
        async with Port(second) as port:
            there = f"http://127.0.0.1:{port.port}"
            first = SwmlHost(*handing_over(there.replace("//", "//user:pass@") + "/secret"))
            async with SeveralHosts(first.client(), HttpClient(there, (BASE.replace("host", "other"),))) as client:
                call = await Platform(client).call("/")
                await call.tool("f")
                await call.hang_up("bye")
                return first, second, call

    first, second, call = asyncio.run(run())

    assert call.hops == ("/", "/secret")
    assert [path for path, _, _ in second.received] == ["/secret"]
    assert second.received[0][1]["call"]["call_id"] == first.received[0][1]["call"]["call_id"]
    assert call.global_data == {"kept": 1}
    assert len(connections) == 1


def test_a_host_that_is_not_one_of_the_hosts_is_not_contacted():
    first = SwmlHost(*handing_over("http://third.example/"))
    client = SeveralHosts(first.client(), AsgiClient(SwmlHost(), "http://second.example"))

    async def run():
        async with await Platform(client).call("/") as call:
            await call.tool("f")
            return call

    call = asyncio.run(run())
    assert call.cause == "script_error"
    assert "is not the host under test, and has no stub" in call.trace.of("script_error")[0].data["message"]
    with pytest.raises(UnreachableError, match="is not one of the hosts"):
        asyncio.run(client.send(HttpRequest("GET", "http://third.example/")))


@pytest.mark.slow
@pytest.mark.parametrize(("real", "error"), [(True, ""), (False, "webhook_http_failure")])
def test_a_busy_host_has_real_time_to_recover_if_pauses_are_real(real, error):
    class Busy(SwmlHost):
        """Answers its function half a second after the first attempt."""

        free_at = None

        def _answer(self, path, body, headers):
            if "function" in body:
                self.free_at = self.free_at or time.monotonic() + 0.5
                return (503, {}) if time.monotonic() < self.free_at else (200, {"response": "done"})
            return super()._answer(path, body, headers)

    host = Busy({"/": document(ai(function("f")))})
    call = called(host, tool("f"), options=PlatformOptions(real_pauses=real))

    assert call.trace.of("tool")[0].data.get("error", "") == error
