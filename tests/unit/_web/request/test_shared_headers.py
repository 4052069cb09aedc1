"""Headers that are encoded once, with the same bytes as encoded separately."""

import asyncio

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from agenthost._web.process.connections import Cycle
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


def answered(kind, headers, usual=DATE, *, method="GET", keep_alive=True, status=200):
    """Return the bytes of a response, and True if the connection closes."""

    async def main():
        wire = Wire()
        scope = {"type": "http", "method": method, "path": "/", "headers": []}
        event = asyncio.Event()
        cycle = kind(scope, wire, wire, None, None, False, usual, event, False, keep_alive, lambda: None)  # noqa: FBT003
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

    plain = answered(RequestResponseCycle, headers, usual, **options)
    assert answered(Cycle, SharedHeaders(headers), usual, **options) == plain
    assert answered(Cycle, headers, usual, **options) == plain
