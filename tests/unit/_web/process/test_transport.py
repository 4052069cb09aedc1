"""The bytes that reach the transport below, and their timing."""

import asyncio

import pytest

from agenthost._web.process.transport import JoinedWrites


class Recorded:
    """A transport that notes what it is asked to do."""

    def __init__(self):
        self.done = []
        self.closing = False

    def write(self, data):
        self.done.append(data)

    def close(self):
        self.closing = True
        self.done.append("closed")

    def is_closing(self):
        return self.closing

    def get_extra_info(self, name):
        return f"its {name}"


@pytest.fixture
def below():
    return Recorded()


def run(below, *steps):
    """Run each step with the transport on the event loop, one after the other."""

    async def main():
        joined = JoinedWrites(below)
        for step in steps:
            step(joined)
            await asyncio.sleep(0)

    asyncio.run(main())


def test_what_one_step_writes_leaves_in_one_piece(below):
    def head_and_body(joined):
        joined.write(b"head ")
        joined.write(b"body")
        joined.write(b"")

    run(below, head_and_body, head_and_body)

    assert below.done == [b"head body", b"head body"]


def test_a_step_that_writes_much_does_not_gather_it(below):
    """A stream that never waits must not fill the memory."""
    piece = bytes(40_000)

    def stream(joined):
        for _ in range(5):
            joined.write(piece)

    run(below, stream)

    assert [len(data) for data in below.done] == [80_000, 80_000, 40_000]


def test_closing_writes_what_waits(below):
    def answer(joined):
        joined.write(b"answer")
        joined.close()

    run(below, answer)

    assert below.done == [b"answer", "closed"]


def test_nothing_is_written_to_a_connection_that_is_gone(below):
    def answer(joined):
        joined.write(b"answer")
        below.closing = True

    run(below, answer)

    assert below.done == []


def test_everything_else_is_the_transport_s_own(below):
    run(below, lambda joined: below.done.append(joined.get_extra_info("peername")))

    assert below.done == ["its peername"]


def test_a_complete_answer_is_written_at_once_after_what_was_collected(below):
    def answers(joined):
        joined.write_at_once(b"one")
        joined.write(b"two ")
        joined.write_at_once(b"three")
        assert below.done == [b"one", b"two three"]
        assert joined.written == len(b"onetwo three")

    run(below, answers)

    assert below.done == [b"one", b"two three"]


def test_nothing_is_written_at_once_after_the_end(below):
    below.closing = True

    run(below, lambda joined: joined.write_at_once(b"late"))

    assert below.done == []
