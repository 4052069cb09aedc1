"""Connections to a server of OpenAI's form, over real sockets."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager

import pytest
from attrs import define, field
from hypothesis import given, settings, strategies as st

from agenthost import Secret
from agenthost.builtin.openai_api import connection as connection_module
from agenthost.builtin.openai_api.connection import BrokenOff, Connection, NotReached, Rejected, Unreadable

_STREAM = {"content-type": "text/event-stream"}


@define
class Server:
    """Answers every request with the same pieces, and notes what was asked."""

    pieces: list
    headers: dict = field(factory=lambda: dict(_STREAM))
    status: str = "200 OK"
    length: int | None = None
    connections: int = 0
    asked: list = field(factory=list)

    async def answer(self, reader, writer):
        self.connections += 1
        try:
            while line := await reader.readline():
                head = {}
                while (header := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = header.decode().partition(":")
                    head[name.lower()] = value.strip()
                body = await reader.readexactly(int(head.get("content-length", 0)))
                self.asked.append((line.decode().split()[1], head, json.loads(body) if body else None))
                length = self.length
                headers = self.headers | (
                    {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
                )
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                writer.write(f"HTTP/1.1 {self.status}\r\n{lines}\r\n".encode())
                for piece in self.pieces:
                    writer.write(piece if length is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                    await asyncio.sleep(0)
                if length is None:
                    writer.write(b"0\r\n\r\n")
                else:
                    break
        finally:
            writer.close()


@asynccontextmanager
async def reached(server, key=None):
    """A connection to a running server."""
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    connection = Connection(f"http://127.0.0.1:{port}/v1/", key)
    try:
        yield connection
    finally:
        await connection.close()
        listener.close()
        await listener.wait_closed()


async def events(connection, seconds=30):
    ends = asyncio.get_running_loop().time() + seconds
    async with connection.post("chat/completions", {}, ends) as response, aclosing(response.events()) as all_of_them:
        return [event async for together in all_of_them for event in together]


def ask(server, **options):
    async def main():
        async with reached(server, **options) as connection:
            return await events(connection)

    return asyncio.run(main())


TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), min_size=1).filter(
    lambda text: text != "[DONE]" and not text.startswith(" ")
)


@settings(deadline=None)
@given(
    st.lists(st.lists(TEXT, min_size=1, max_size=3), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.integers(1, 40), max_size=30),
    st.booleans(),
)
def test_events_are_the_same_however_they_arrive(wanted, end, sizes, done):
    """Comments and other fields are skipped, and an event may have several lines."""
    text = "".join(
        f": wait{end}event: x{end}" + "".join(f"data: {line}{end}" for line in lines) + end for lines in wanted
    )
    rest = (text + (f"data: [DONE]{end}{end}" if done else "")).encode()
    pieces = []
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    pieces = [piece for piece in (*pieces, rest) if piece]

    assert ask(Server(pieces)) == ["\n".join(lines).encode() for lines in wanted]


@define
class Paced(Server):
    """Sends one piece at once, one later, and the others while its client rests."""

    go_on: asyncio.Event = field(factory=asyncio.Event)
    resting: asyncio.Event = field(factory=asyncio.Event)
    sent: asyncio.Event = field(factory=asyncio.Event)

    async def answer(self, reader, writer):
        await reader.readuntil(b"{}")
        first, second, *others = self.pieces
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + first)
        await self.go_on.wait()
        writer.write(second)
        await self.resting.wait()
        for piece in others:
            writer.write(piece)
            await writer.drain()
        self.sent.set()
        writer.close()


def test_a_fast_stream_is_read_together_once_it_has_begun(monkeypatch):
    """Nothing rests before the first words."""
    server = Paced([b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n", b"data: ", b"4\n\n", b"data: 5\n\n"])
    sleep = asyncio.sleep

    async def rest(seconds):
        if 0 < seconds < 1:
            server.resting.set()
            await server.sent.wait()
        await sleep(0)

    monkeypatch.setattr(connection_module, "_FAST", float("inf"))
    monkeypatch.setattr(connection_module, "_TOGETHER", 0.9)
    monkeypatch.setattr(asyncio, "sleep", rest)

    async def main():
        ends = asyncio.get_running_loop().time() + 30
        async with (
            reached(server) as connection,
            connection.post("chat/completions", {}, ends) as response,
            aclosing(response.events()) as every,
        ):
            arrived = [await anext(every)]
            rested = server.resting.is_set()
            response.begun = True
            server.go_on.set()
            return rested, arrived + [each async for each in every]

    assert asyncio.run(main()) == (False, [[b"1"], [b"2"], [b"3", b"4", b"5"]])


def test_the_end_of_a_fast_stream_is_not_put_off(monkeypatch):
    server, sleep, rests = Paced([b"data: 1\n\n", b"data: 2\n\ndata: [DONE]\n\n"]), asyncio.sleep, []

    async def rest(seconds):
        rests.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(connection_module, "_FAST", float("inf"))

    async def main():
        server.resting.set()
        ends = asyncio.get_running_loop().time() + 30
        async with reached(server) as connection, connection.post("chat/completions", {}, ends) as response:
            async with aclosing(response.events()) as every:
                arrived = [await anext(every)]
                response.begun = True
                server.go_on.set()
                arrived += [each async for each in every]
            monkeypatch.setattr(asyncio, "sleep", rest)
        return arrived

    assert (asyncio.run(main()), rests) == ([[b"1"], [b"2"]], [])


def test_one_connection_serves_one_request_after_the_other():
    async def main():
        server = Server([b"data: 1\n\n", b"data: [DONE]\n\n"])
        async with reached(server) as connection:
            return [await events(connection) for _ in range(3)], server.connections

    assert asyncio.run(main()) == ([[b"1"]] * 3, 1)


def test_the_key_and_the_body_arrive(monkeypatch, tmp_path):
    """A ``.netrc`` for the server changes nothing."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    server = Server([b"data: [DONE]\n\n"])

    ask(server, key=Secret("k-1"))

    [(path, head, _)] = server.asked
    assert path == "/v1/chat/completions"
    assert (head["authorization"], head["openai-organization"]) == ("Bearer k-1", "org-1")


def test_a_proxy_of_the_environment_is_used(monkeypatch):
    async def main():
        proxy = Server([b"data: proxied\n\n"])
        listener = await asyncio.start_server(proxy.answer, "127.0.0.1", 0)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "near.example")
        connection = Connection("http://far.example/v1", None)
        try:
            return await events(connection), proxy.asked[0][0]
        finally:
            await connection.close()
            listener.close()

    assert asyncio.run(main()) == ([b"proxied"], "http://far.example/v1/chat/completions")


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"error": {"message": "slow down", "code": "rate"}}', "slow down", "rate"),
        (b'{"error": "no such model"}', "no such model", None),
        (b'{"detail": "Not Found"}', "Not Found", None),
        (b"<html>bad gateway</html>", "<html>bad gateway</html>", None),
        (b"\xff", "\ufffd", None),
        (b"[]", "[]", None),
    ],
)
def test_errors_of_any_form_are_read(body, message, code):
    server = Server([body], {"content-type": "application/json", "retry-after": "7"}, "429 Too Many Requests")

    with pytest.raises(Rejected) as raised:
        ask(server)

    error = raised.value
    assert (error.status, error.message, error.code, error.headers["retry-after"]) == (429, message, code, "7")


def test_a_stream_that_ends_too_early_is_broken():
    with pytest.raises(BrokenOff):
        ask(Server([b"data: 1\n\n"], length=100))


def test_a_server_that_does_not_stream_gives_one_event():
    assert ask(Server([b'{"a"', b": 1}"], {"content-type": "application/json"})) == [b'{"a": 1}']


@pytest.mark.parametrize(
    "server",
    [
        Server([b"<html>"], {"content-type": "text/html"}),
        Server([b"data: " + b"x" * 65536] + [b"x" * 65536] * 80),
        Server([b"x" * 65536] * 80, {"content-type": "application/json"}),
    ],
    ids=["html", "an endless event", "an endless answer"],
)
def test_what_is_not_an_answer_is_unreadable(server):
    with pytest.raises(Unreadable):
        ask(server)


def test_a_server_that_is_not_there_is_not_reached():
    async def main():
        listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        listener.close()
        await listener.wait_closed()
        connection = Connection(f"http://127.0.0.1:{port}", None)
        try:
            await events(connection)
        finally:
            await connection.close()

    with pytest.raises(NotReached):
        asyncio.run(main())


@pytest.mark.parametrize("silent", [True, False], ids=["before its head", "within a stream"])
def test_a_response_has_its_time(silent):
    async def stays(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if not silent:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n")
        await reader.read()  # the end of the connection
        writer.close()

    async def main():
        listener = await asyncio.start_server(stays, "127.0.0.1", 0)
        connection = Connection(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", None)
        try:
            with pytest.raises(TimeoutError):
                await events(connection, seconds=0.1)
        finally:
            await connection.close()
            listener.close()
            await asyncio.wait_for(listener.wait_closed(), 30)

    asyncio.run(main())
