"""Headers that are encoded once, with the same bytes as encoded separately."""

import asyncio
from types import SimpleNamespace

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from agenthost._web.process.cycle import Cycle
from agenthost._web.request.answers import JSON, SharedHeaders, send_bytes

DATE = [(b"date", b"Sat, 21 Nov 2026 12:00:00 GMT")]


class Wire:
    """Takes what is written."""

    def __init__(self):
        self.written, self.closed, self.write_paused = b"", False, False

    def write(self, data):
        self.written += data

    write_at_once = write

    def close(self):
        self.closed = True


def of_uvicorn(wire, scope, usual, *, keep_alive):
    event = asyncio.Event()
    return RequestResponseCycle(scope, wire, wire, None, None, False, usual, event, False, keep_alive, lambda: None)  # noqa: FBT003


def of_host(wire, scope, usual, *, keep_alive):
    connection = SimpleNamespace(
        transport=wire,
        flow=wire,
        server_state=SimpleNamespace(default_headers=usual),
        on_response_complete=lambda: None,
        expect_100_continue=False,
    )
    return Cycle(connection, scope, keep_alive=keep_alive)


def answered(kind, headers, usual=DATE, *, method="GET", keep_alive=True, status=200):
    """Return the bytes of a response, and True if the connection closes."""

    async def main():
        wire = Wire()
        cycle = kind(wire, {"type": "http", "method": method, "path": "/", "headers": []}, usual, keep_alive=keep_alive)
        await send_bytes(cycle.send, status, headers, b"" if status == 204 else b'{"a":1}')
        assert cycle.response_complete
        return wire.written, wire.closed

    return asyncio.run(main())


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("usual", [DATE, [*DATE, (b"connection", b"close")]], ids=["open", "draining"])
@pytest.mark.parametrize("status", [200, 204, 503])
def test_the_same_bytes(method, keep_alive, usual, status):
    headers = [JSON, (b"cache-control", b"no-store")]
    options = {"method": method, "keep_alive": keep_alive, "status": status}

    plain = answered(of_uvicorn, headers, usual, **options)
    assert answered(of_host, SharedHeaders(headers), usual, **options) == plain
    assert answered(of_host, headers, usual, **options) == plain
