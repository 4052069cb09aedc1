"""Pieces of a stream leave together, and a silence has its comment."""

from __future__ import annotations

import asyncio

from agenthost._web.endpoints.chat import streams
from agenthost._web.endpoints.chat.streams import Stream


def sent(steps, monkeypatch=None):
    """Return the writes of a stream whose words come in steps."""
    stream = Stream(None, None, None, None, [], None)

    async def feed():
        for pieces in steps:
            stream._put(pieces)
            await asyncio.sleep(0.03)
        stream.over = True
        stream._wake()

    async def main():
        feeding = asyncio.ensure_future(feed())
        writes = []
        while pieces := await stream._next():
            writes.append(pieces)
        await feeding
        return writes

    return asyncio.run(main())


def test_pieces_that_wait_leave_in_one_write():
    assert sent([[b"a", b"b"], [b"c"]]) == [b"ab", b"c"]


def test_nothing_is_sent_for_an_event_without_a_piece():
    """Its status is still open, as it may have to be an error."""
    assert sent([[], [b"a"], []]) == [b"a"]


def test_a_silence_has_a_comment(monkeypatch):
    monkeypatch.setattr(streams, "_ALIVE", 0.01)
    writes = sent([[b"a"], [b"b"]])

    assert [each for each in writes if each != b": alive\n\n"] == [b"a", b"b"]
    assert b": alive\n\n" in writes
