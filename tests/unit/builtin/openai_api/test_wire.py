"""Connections of HTTP/1.1, over real sockets, with and without TLS and proxies."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings, strategies as st

from agenthost import ConfigurationError, Secret
from agenthost.builtin.openai_api import wires as wires_module
from agenthost.builtin.openai_api.connection import BrokenOff, Connection, NotReached

LOOPS = [asyncio.new_event_loop]
if sys.platform != "win32":
    import uvloop

    LOOPS.append(uvloop.new_event_loop)
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def serving(answer, **options):
    """A server with an ``answer`` of a request's head and the stream to its client."""
    tasks = set()

    async def each(reader, writer):
        tasks.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"Content-Length: " in head:
                    await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]))
                if await answer(head, writer) is False:
                    break
        writer.close()
        with suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(each, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def body(connection, seconds=30):
    async with connection.post("x", {}, asyncio.get_running_loop().time() + seconds) as response:
        return await response.body()


def asked(answer, times=1, loop=asyncio.new_event_loop):
    """The bodies of requests one after another, and the ports of the client's connections."""

    async def main():
        ports = []

        async def noted(head, writer):
            ports.append(writer.get_extra_info("peername")[1])
            return await answer(head, writer)

        async with serving(noted) as port:
            connection = Connection(f"http://127.0.0.1:{port}/v1", None)
            try:
                return [await body(connection) for _ in range(times)], ports
            finally:
                await connection.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main())


def sends(*pieces, then=True):
    async def answer(_, writer):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        return then

    return answer


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=30), st.sampled_from(["length", "chunks", "end"]))
def test_a_body_is_the_same_however_it_is_framed_and_split(content, sizes, frame):
    head = (
        JSON
        + {
            "length": b"Content-Length: %d\r\n\r\n" % len(content),
            "chunks": b"Transfer-Encoding: chunked\r\n\r\n",
            "end": b"\r\n",
        }[frame]
    )
    written = content
    if frame == "chunks":
        halves = [half for half in (content[: len(content) // 2], content[len(content) // 2 :]) if half]
        written = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves) + b"0\r\nTrailer: x\r\n\r\n"
    rest, pieces = head + written, []
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]

    assert asked(sends(*pieces, rest, then=frame != "end"))[0] == [content]


@pytest.mark.parametrize("loop", LOOPS)
def test_interim_responses_are_left_out(loop):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n"

    bodies, ports = asked(sends(early, JSON + b"Content-Length: 2\r\n\r\n", b"{}"), times=3, loop=loop)

    assert (bodies, len({*ports})) == ([b"{}"] * 3, 1)


OK = JSON + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "answer",
    [
        sends(OK, then=False),
        sends(JSON + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"),
        sends(OK + b"HTTP/1.1 200 OK\r\n"),
        sends(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}", then=False),
    ],
    ids=["closed", "announced", "unasked", "1.0"],
)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_has_ended_is_replaced(answer, loop):
    bodies, ports = asked(answer, times=3, loop=loop)

    assert (bodies, len({*ports})) == ([b"{}"] * 3, 3)


def test_a_request_is_not_sent_again_once_its_response_has_begun():
    """The second response of a connection breaks off."""
    seen = []

    async def answer(_, writer):
        seen.append(None)
        writer.write(OK if len(seen) == 1 else JSON)
        return len(seen) == 1

    with pytest.raises(NotReached, match="Ended"):
        asked(answer, times=2)

    assert len(seen) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (sends(b"SSH-2.0-OpenSSH_9.7\r\n"), NotReached),
        (sends(*[b"HTTP/1.1 200 OK\r\n", *[b"x: " + b"y" * 1000 + b"\r\n"] * 100]), NotReached),
        (sends(JSON + b"Content-Length: 100\r\n\r\n{}", then=False), BrokenOff),
        (sends(JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n"), BrokenOff),
    ],
    ids=["not HTTP", "endless head", "too short", "broken chunk"],
)
def test_a_response_that_breaks_the_rules_is_none(answer, error):
    with pytest.raises(error):
        asked(answer)


def test_requests_at_once_do_not_wait_for_each_other():
    """The limit is an agent's ``running``."""

    async def main():
        both, arrived = asyncio.Event(), []

        async def answer(_, writer):
            arrived.append(None)
            if len(arrived) == 2:
                both.set()
            await both.wait()
            writer.write(OK)

        async with serving(answer) as port:
            connection = Connection(f"http://127.0.0.1:{port}", None)
            try:
                return await asyncio.gather(body(connection), body(connection))
            finally:
                await connection.close()

    assert asyncio.run(main()) == [b"{}"] * 2


def test_a_long_body_waits_in_the_socket_until_it_is_read():
    """The pieces in memory are bounded, however slowly they are read."""
    size = 32 * 1024 * 1024

    async def answer(_, writer):
        writer.write(JSON + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            writer.write(bytes(65536))
            await writer.drain()

    async def main():
        async with serving(answer) as port:
            connection = Connection(f"http://127.0.0.1:{port}", None)
            most = total = 0
            try:
                async with connection.post("x", {}, asyncio.get_running_loop().time() + 30) as response:
                    while piece := await response._wire.read():
                        total += len(piece)
                        most = max(most, len(piece))
                        for _ in range(5):
                            await asyncio.sleep(0)
            finally:
                await connection.close()
            return total, most

    total, most = asyncio.run(main())

    assert total == size
    assert most < 1024 * 1024


def test_an_idle_connection_is_closed(monkeypatch):
    monkeypatch.setattr(wires_module, "_IDLE", 0.01)

    async def main():
        closed = asyncio.Event()

        async def answer(_, writer):
            writer.write(OK)

            async def wait():
                with suppress(ConnectionError):
                    await writer.wait_closed()
                closed.set()

            tasks.append(asyncio.ensure_future(wait()))

        tasks = []
        async with serving(answer) as port:
            connection = Connection(f"http://127.0.0.1:{port}", None)
            await body(connection)
            async with asyncio.timeout(30):
                await closed.wait()
            await connection.close()

    asyncio.run(main())


def test_the_next_address_of_a_server_is_tried_and_remembered():
    async def main():
        loop, tried = asyncio.get_running_loop(), []
        async with serving(sends(OK, then=False)) as port:
            create = loop.create_connection

            async def addresses(_, port, **__):
                return [
                    (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.9", "127.0.0.1")
                ]

            async def noting(make, host, port, **options):
                tried.append(host)
                return await create(make, host, port, **options)

            loop.getaddrinfo, loop.create_connection = addresses, noting
            connection = Connection(f"http://far.example:{port}", None)
            try:
                return [await body(connection) for _ in range(2)], tried
            finally:
                await connection.close()

    assert asyncio.run(main()) == ([b"{}"] * 2, ["127.0.0.9", "127.0.0.1", "127.0.0.1"])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of this machine, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    place = tmp_path_factory.mktemp("tls")
    files = ["-keyout", place / "key.pem", "-out", place / "cert.pem"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([shutil.which("openssl"), "req", *options, *files, *names], check=True, capture_output=True)  # noqa: S603 - fixed
    return place / "cert.pem", place / "key.pem"


def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def pass_on(head, writer):
    """A proxy's answer to CONNECT: what follows goes to the server, and back."""
    host, _, port = head.split(b" ")[1].decode().partition(":")
    reader, onward = await asyncio.open_connection(host.replace("localhost", "127.0.0.1"), int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def copy(source, target):
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
        target.close()

    try:
        await asyncio.gather(copy(writer._reader, onward), copy(reader, writer))
    finally:
        onward.close()
        with suppress(OSError):
            await onward.wait_closed()
    return False


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("through", [None, "http", "https"])
def test_tls_is_verified_and_goes_through_proxies(certificate, through, loop, monkeypatch):
    """The certificate is that of the server, not of the proxy before it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setenv("NO_PROXY", "")
    heads = []

    async def proxy(head, writer):
        heads.append(head)
        return await pass_on(head, writer)

    async def main():
        secure = {"ssl": tls(certificate)} if through == "https" else {}
        async with serving(sends(OK), ssl=tls(certificate)) as port, serving(proxy, **secure) as proxied:
            if through is not None:
                monkeypatch.setenv("https_proxy", f"{through}://ann:s%21@localhost:{proxied}")
            connection = Connection(f"https://localhost:{port}/v1", None)
            try:
                return [await body(connection) for _ in range(2)], port
            finally:
                await connection.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        bodies, port = runner.run(main())

    assert bodies == [b"{}"] * 2
    lines = (
        f"CONNECT localhost:{port} HTTP/1.1",
        f"Host: localhost:{port}",
        "Proxy-Authorization: Basic YW5uOnMh",
        "",
        "",
    )
    assert heads == ([] if through is None else ["\r\n".join(lines).encode()])


@pytest.mark.parametrize("trusted", [True, False], ids=["another name", "unknown"])
def test_a_server_with_another_certificate_is_not_reached(certificate, trusted, monkeypatch):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    async def main():
        async with serving(sends(OK), ssl=tls(certificate)) as port:
            connection = Connection(f"https://{'127.0.0.1' if trusted else 'localhost'}:{port}", None)
            with pytest.raises(NotReached, match="SSLCertVerificationError"):
                await body(connection)
            await connection.close()

    asyncio.run(main())


def test_a_proxy_that_refuses_is_named(monkeypatch):
    async def main():
        async with serving(sends(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")) as port:
            monkeypatch.setenv("https_proxy", f"127.0.0.1:{port}")
            connection = Connection("https://far.example", None)
            with pytest.raises(NotReached, match="the proxy answers HTTP 407"):
                await body(connection)
            await connection.close()

    asyncio.run(main())


@pytest.mark.parametrize("url", ["far.example/v1", "ftp://far.example", "http:///v1", "http://x:y/", "https://[::1"])
def test_a_url_without_a_server_is_refused_at_the_start(url):
    with pytest.raises(ConfigurationError, match=r"fix: begin it with https://"):
        Connection(url, None)


def test_a_key_of_two_lines_is_refused_at_the_start():
    with pytest.raises(ConfigurationError, match="Authorization has a line break"):
        Connection("http://far.example", Secret("a\r\nb: c"))


def test_a_proxy_of_another_kind_is_refused_at_the_start(monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")

    with pytest.raises(ConfigurationError, match="http_proxy"):
        Connection("http://far.example", None)
