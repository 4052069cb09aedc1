"""The relay: one process receives a request, and another one answers."""

import asyncio
import socket
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from agenthost._host.operations import control_socket
from agenthost._web.older import channel, relay
from agenthost._web.older.channel import Begun, Channel, Disconnected, Lost, Opened, Part, Taken, parts_of
from agenthost._web.older.relay import answering, hand_over

KEY = b"k" * 32
SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "method": "POST",
    "scheme": "https",
    "path": "/desk/swaig",
    "raw_path": b"/desk/swaig",
    "query_string": b"__token=1.AbCdgen.mac",
    "root_path": "/prefix",
    "http_version": "1.1",
    "headers": [(b"host", b"h.example"), (b"x-raw", b"\xff\x00")],
    "client": ("192.0.2.7", 4321),
    "server": ("127.0.0.1", 80),
}
BODIES = st.lists(st.binary(max_size=200) | st.sampled_from([b"x" * 70_000, b"y" * 300_000]), max_size=4)


class Client:
    """The client of a request: what it sends, and what has been sent to it."""

    def __init__(self, *parts, stays=True):
        self.waiting = [(part, index + 1 < len(parts)) for index, part in enumerate(parts or (b"",))]
        self.stays = stays
        self.messages = []
        self.asked = 0

    async def receive(self):
        self.asked += 1
        if self.waiting:
            body, more = self.waiting.pop(0)
            return {"type": "http.request", "body": body, "more_body": more}
        if self.stays:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(message)

    @property
    def status(self):
        return self.messages[0]["status"]

    @property
    def body(self):
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def complete(self):
        return bool(self.messages[1:]) and not self.messages[-1].get("more_body", False)


async def whole(receive):
    """Read a body, and return it, or None if its client has left."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return body


async def echo(scope, receive, send):
    """Answer with the body, in two parts."""
    body = await whole(receive)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-method", scope["method"].encode())]})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def served(app, key=KEY):
    """Yield the path at which ``app`` answers, and the tasks of its requests."""
    running = set()
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "s")
        async with answering(path, key, app, running):
            yield path, running
        await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 10)
        await asyncio.sleep(0.01)  # transports close a step later


def handed_over(app, *parts, key=KEY, stays=True, **changes):
    """Hand one request over, and return whether it was taken, and its client."""
    client = Client(*parts, stays=stays)

    async def run():
        async with served(app) as (path, running):
            taken = await hand_over(path, key, {**SCOPE, **changes}, client.receive, client.send)
            await asyncio.wait_for(asyncio.gather(*running), 10)
            return taken

    return asyncio.run(run()), client


@settings(max_examples=30, deadline=None)
@given(BODIES)
def test_bodies_of_any_size_arrive_in_both_directions(parts):
    taken, client = handed_over(echo, *parts)

    assert (taken, client.status, client.complete) == (True, 200, True)
    assert client.body == b"".join(parts)
    assert client.messages[0]["headers"] == [(b"x-method", b"POST")]


@given(st.binary(max_size=500_000), st.booleans())
def test_parts_join_to_the_body(body, more):
    parts = list(parts_of(body, more=more))

    assert b"".join(part.body for part in parts) == body
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [more]


def test_the_other_process_sees_the_same_request():
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)
        await echo(scope, receive, send)

    handed_over(app)

    assert {name: seen[name] for name in SCOPE if name != "asgi"} == {
        name: value for name, value in SCOPE.items() if name != "asgi"
    }


def test_an_answer_streams():
    """Each part arrives before the next one exists."""
    arrived = asyncio.Event()

    async def app(scope, receive, send):
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.wait_for(arrived.wait(), 5)
        await send({"type": "http.response.body", "body": b"second", "more_body": False})

    class Watching(Client):
        async def send(self, message):
            await super().send(message)
            if message.get("body") == b"first":
                arrived.set()

    client = Watching()

    async def run():
        async with served(app) as (path, _):
            await hand_over(path, KEY, SCOPE, client.receive, client.send)

    asyncio.run(run())

    assert client.body == b"firstsecond"


@pytest.mark.parametrize("parts", [(b"one",), (b"x" * 400_000,), (b"x" * 400_000, b"y" * 400_000)])
def test_an_answer_before_the_end_of_the_body_arrives(parts):
    """The rest of the body, which nobody reads, does not hold it up."""

    async def refuses(scope, receive, send):
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b"too large", "more_body": False})

    taken, client = handed_over(refuses, *parts)

    assert (taken, client.status, client.body) == (True, 413, b"too large")


def test_a_client_that_leaves_early_is_a_disconnect_there():
    """Before the end of its body, and while it waits for the answer."""
    seen = []

    async def app(scope, receive, send):
        seen.append(await whole(receive))
        seen.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    client = Client(stays=False)
    client.waiting = [(b"half", True)]

    async def run(client):
        async with served(app) as (path, _):
            await hand_over(path, KEY, SCOPE, client.receive, client.send)

    asyncio.run(run(client))
    asyncio.run(run(Client(b"whole", stays=False)))

    assert seen == [None, "http.disconnect", b"whole", "http.disconnect"]


def test_a_process_that_ends_before_its_answer_is_503():
    """The request may have run a tool, so that no other process answers it."""

    async def ends(scope, receive, send):
        await whole(receive)
        raise RuntimeError

    taken, client = handed_over(ends, b"{}")

    assert (taken, client.status, client.complete) == (True, 503, True)
    assert b"has ended" in client.body
    assert (b"retry-after", b"1") in client.messages[0]["headers"]


def test_a_process_that_ends_within_its_answer_breaks_the_answer_off():
    async def ends(scope, receive, send):
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    taken, client = handed_over(ends)

    assert (taken, client.body, client.complete) == (True, b"half", False)


def test_a_host_that_stops_answers_503():
    client = Client()

    begun = asyncio.Event()

    async def waits(scope, receive, send):
        begun.set()
        await asyncio.Event().wait()

    async def run():
        async with served(waits) as (path, running):
            handing = asyncio.create_task(hand_over(path, KEY, SCOPE, client.receive, client.send))
            await begun.wait()
            handing.cancel()
            assert await handing
            for task in running:
                task.cancel()

    asyncio.run(run())

    assert (client.status, b"stopping" in client.body) == (503, True)


@pytest.mark.parametrize("there", ["nothing", "a file", "another host"])
def test_where_no_process_takes_it_nothing_has_been_read(there, tmp_path):
    """Another process can answer then."""
    path, client = tmp_path / "s", Client(b"body")
    if there == "a file":
        path.write_text("")

    async def run():
        if there == "another host":
            async with served(echo, key=b"another key") as (other, _):
                return await hand_over(other, KEY, SCOPE, client.receive, client.send)
        return await hand_over(str(path), KEY, SCOPE, client.receive, client.send)

    assert asyncio.run(run()) is False
    assert (client.asked, client.messages) == (0, [])


def test_a_process_that_does_not_answer_in_time_has_not_taken_it(tmp_path):
    """Its event loop may be blocked, or it is stopped."""
    path, client = str(tmp_path / "s"), Client(b"body")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        taken = asyncio.run(hand_over(path, KEY, SCOPE, client.receive, client.send, within=0.1))

    assert (taken, client.asked) == (False, 0)


def test_another_user_is_not_answered(monkeypatch):
    """The private directory keeps them out already."""
    monkeypatch.setattr(relay, "is_same_user", lambda connection: False)

    taken, client = handed_over(echo)

    assert (taken, client.asked) == (False, 0)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert control_socket.is_same_user(ours)


async def sent(*, raw=(), messages=()):
    """Send bytes or messages to an application, and return what comes back, message by message."""
    async with served(echo) as (path, _):
        reader, writer = await asyncio.open_unix_connection(path)
        with_messages = Channel(reader, writer)
        got = []
        try:
            for message in messages:
                await with_messages.send(message)
            for piece in raw:
                writer.write(piece)
            while True:
                got.append(await asyncio.wait_for(with_messages.receive(), 5))
                if got[-1] == Part(b"", more=False):
                    return got
        except Lost:
            return got
        finally:
            with_messages.close()


OPENED = Opened(KEY, "GET", "http", "/", b"/", b"", "", "1.1", [], None, None)


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=4, max_size=60))
def test_whatever_is_not_a_message_ends_the_connection(junk):
    """At once, if it claims to be longer than any message."""
    raw = (channel.MOST + 1).to_bytes(4, "big") + junk

    assert asyncio.run(sent(raw=[raw])) == []
    assert asyncio.run(sent(raw=[len(junk).to_bytes(4, "big") + junk])) == []


@pytest.mark.parametrize("first", [Taken(), Part(b"", more=False), Disconnected(), Begun(200, [])])
def test_a_connection_begins_with_a_request(first):
    assert asyncio.run(sent(messages=[first])) == []
    assert asyncio.run(sent(messages=[OPENED, Part(b"", more=False)]))[0] == Taken()


def test_a_message_is_not_larger_than_the_other_side_takes():
    with pytest.raises(Lost):
        asyncio.run(Channel(None, None).send(Part(b"x" * channel.MOST, more=False)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_messages_may_arrive_in_pieces(cuts):
    """A connection cuts them anywhere."""

    async def run():
        reader = asyncio.StreamReader()
        messages = [OPENED, Part(b"x" * 300, more=True), Part(b"", more=False)]
        data = b""
        for message in messages:
            encoded = channel._encode(message)
            data += len(encoded).to_bytes(4, "big") + encoded
        received = Channel(reader, None)
        reading = asyncio.create_task(_all(received, len(messages)))
        for cut in cuts:
            reader.feed_data(data[:cut])
            data = data[cut:]
            await asyncio.sleep(0)
        reader.feed_data(data)
        assert await reading == messages
        reader.feed_eof()
        with pytest.raises(Lost):
            await received.receive()

    asyncio.run(run())


async def _all(received, number):
    return [await received.receive() for _ in range(number)]
