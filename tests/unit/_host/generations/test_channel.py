"""Channels: values and descriptors reach the other end whole."""

import os
import threading

import pytest

from agenthost._host.generations.channel import channel_pair


@pytest.fixture
def channels():
    """Two ends, which are closed afterwards."""
    ends = channel_pair()
    yield ends
    for end in ends:
        end.close()


def test_values_of_any_size_arrive_in_order(channels):
    ours, theirs = channels
    large = "x" * 1_000_000
    sending = threading.Thread(target=lambda: [ours.send(each) for each in (("first", 1), large, None)])
    sending.start()

    assert [theirs.receive() for _ in range(3)] == [(("first", 1), []), (large, []), (None, [])]
    sending.join()


def test_a_descriptor_arrives_with_its_message(channels):
    ours, theirs = channels
    reading, writing = os.pipe()
    ours.send("before")
    ours.send("take this", [writing])
    ours.send("after")
    os.close(writing)
    assert theirs.receive() == ("before", [])
    words, [received] = theirs.receive()
    os.write(received, b"through it")
    os.close(received)

    assert (words, os.read(reading, 100), theirs.receive()) == ("take this", b"through it", ("after", []))
    os.close(reading)


def test_the_end_of_one_side_is_seen_by_the_other(channels):
    ours, theirs = channels
    ours.close()

    with pytest.raises(EOFError):
        theirs.receive()
    with pytest.raises(OSError, match="Broken pipe"):
        theirs.send("nobody is there")
