"""Child processes: their start, their end, and what is known of it."""

import os
import signal
import sys

import pytest

from agenthost._host.generations.channel import channel_pair
from agenthost._host.generations.children import Child, open_process, start_python

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="Unix processes")]

ANSWERS = (
    "from agenthost._host.generations.channel import Channel; "
    "channel = Channel.of(int(sys.argv[1])); channel.send((channel.receive()[0], sys.path)); sys.exit(7)"
)


@pytest.fixture
def started():
    ours, theirs = channel_pair()
    child = start_python(ANSWERS, theirs.fileno())
    theirs.close()
    yield ours, child
    child.kill()
    child.join()
    child.close()
    ours.close()


def test_a_new_interpreter_has_the_channel_and_the_module_path(started):
    channel, child = started
    channel.send("are you there?")
    (words, path), _ = channel.receive()

    assert words == "are you there?"
    assert path[: len(sys.path)] == sys.path
    assert child.join(30)
    assert (child.exitcode, child.is_alive()) == (7, False)


def test_a_process_is_waited_for_and_ended(started):
    _, child = started

    assert child.is_alive()
    assert not child.join(0.05)
    child.terminate()
    assert child.join(30)
    assert child.exitcode == -signal.SIGTERM


def test_a_process_that_another_one_has_forked_is_watched_too():
    """It is not a child of this process, so its exit code is unknown."""
    ours, theirs = channel_pair()
    middle = os.fork()
    if not middle:
        pid = os.fork()
        if not pid:
            signal.pause()
        theirs.send(pid)
        os._exit(0)
    theirs.close()
    pid, _ = ours.receive()
    os.waitpid(middle, 0)
    handle = open_process(pid)
    child = Child(pid, forked=True, handle=handle)

    assert child.is_alive()
    child.terminate()
    assert child.join(30)
    assert (child.is_alive(), child.exitcode) == (False, None)
    child.close()
    ours.close()
