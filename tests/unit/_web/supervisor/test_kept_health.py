"""The process of the health port, as the supervisor keeps it."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from agenthost._host.generations.channel import channel_pair
from agenthost._web.supervisor.kept_health import KeptHealth
from agenthost._web.supervisor.worker_slots import Worker


class _Keeping:
    """A kept health process, and the other ends of what it has started."""

    def __init__(self, opened) -> None:
        self.ends = []
        self.templates = []
        self.able = True
        self.kept = KeptHealth(opened, self.start)

    def start(self, template):
        self.templates.append(template)
        if not self.able:
            return None
        ours, theirs = channel_pair()
        self.ends.append(theirs)
        child = SimpleNamespace(pid=9, join=lambda _seconds: True, close=lambda: None)
        return Worker(child, ours)

    def told(self):
        """Return the next message to the last process."""
        return self.ends[-1].receive()[0]


@pytest.fixture
def keeping():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        keeping = _Keeping(opened)
        yield keeping
        keeping.kept.end()
        for end in keeping.ends:
            end.close()


def worker(pid, condition=None):
    return SimpleNamespace(pid=pid, heard=1.5, condition=condition)


def test_without_a_port_there_is_no_process():
    keeping = _Keeping(None)

    keeping.kept.keep("template", "config", [])

    assert (keeping.templates, keeping.kept.pause) == ([], None)


def test_it_gets_the_port_the_workers_and_their_conditions(keeping):
    keeping.kept.keep("template", "config", [worker(1, b"ready"), worker(2)])

    (kind, _), descriptors = keeping.ends[-1].receive()
    assert (kind, len(descriptors)) == ("port", 1)
    socket.socket(fileno=descriptors[0]).close()
    assert keeping.told() == ("workers", (1, 2))
    assert keeping.told() == ("condition", (1, 1.5, b"ready"))


def test_only_changes_are_reported(keeping):
    keeping.kept.keep(None, "config", [worker(1)])
    keeping.kept.report("config", [worker(1)])
    keeping.kept.report("other", [worker(1)])

    (_, _), descriptors = keeping.ends[-1].receive()
    socket.socket(fileno=descriptors[0]).close()
    assert [keeping.told(), keeping.told()] == [("workers", (1,)), ("settings", "other")]


def test_one_that_ends_is_started_again(keeping, caplog):
    keeping.kept.keep("first", "config", [])
    keeping.ends.pop().close()
    keeping.kept.receive()

    keeping.kept.keep("second", "config", [])

    assert keeping.templates == ["first", "second"]
    assert keeping.kept.process is not None
    assert "starts again" in caplog.text


def test_a_process_that_cannot_be_started_is_tried_after_growing_pauses(keeping):
    keeping.able = False
    for _ in range(5):
        keeping.kept.keep("template", "config", [])

    assert len(keeping.templates) == 3
    assert keeping.kept.pause == pytest.approx(0.5, abs=0.4)
