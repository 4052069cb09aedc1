"""Waiting for messages of processes, and for their ends."""

from __future__ import annotations

import socket
import time

import pytest

from agenthost._host.generations.channel import channel_pair
from agenthost._host.generations.children import Child
from agenthost._web.supervisor.waiting import happened_within
from agenthost._web.supervisor.worker_slots import Worker


@pytest.fixture
def pair():
    """The supervisor's end of a channel, and the worker's."""
    ours, theirs = channel_pair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_message_ends_the_wait(pair):
    ours, theirs = pair
    theirs.send(("ready", None))

    assert {ours.fileno()} == happened_within((), [Worker(Child(1, forked=True), ours)], 30)


def test_nothing_happens_within_the_time(pair):
    ours, _ = pair

    assert happened_within((), [Worker(Child(1, forked=True), ours)], 0.01) == frozenset()


def test_others_are_waited_for_as_well():
    woken, waker = socket.socketpair()
    with woken, waker:
        waker.send(b"s")

        assert {woken.fileno()} == happened_within((woken,), (), None)


def test_a_process_without_a_descriptor_is_looked_at_soon(pair):
    """Its channel has closed, and nothing else would show its end."""
    ours, _ = pair
    began = time.monotonic()

    assert happened_within((), [Worker(Child(1, forked=True), ours, gone=True)], None) == frozenset()
    assert time.monotonic() - began < 30
