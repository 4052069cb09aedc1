"""The mark of isolated agents' processes."""

import os
import socket
import subprocess
import sys

import pytest

from agenthost._host.walls import mark
from agenthost._host.walls.mark import is_marked, peer_is_marked

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the mark")]

MARKED = "from agenthost._host.walls.mark import mark_process; mark_process();"
WAIT = "import sys; print(1, flush=True); sys.stdin.read()"
CONNECT = "import socket, sys; c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1]);"


@pytest.fixture
def run():
    """Start a process that runs code until the end of the test."""
    started = []

    def run(code, *arguments):
        command = [sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        started.append(process)
        process.stdout.readline()
        return process

    yield run
    for process in started:
        process.communicate()


def test_a_process_is_marked_with_all_that_it_starts(run):
    child = "import os; print(os.getpid(), flush=True); input()"
    again = f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", f"import sys; {MARKED} {again}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child = int(process.stdout.readline())

    assert is_marked(process.pid)
    assert is_marked(child)
    process.communicate(b"\n")


def test_other_processes_are_not_marked(run):
    """One of the two properties alone is common."""
    only = "from agenthost._host.walls.kernel import control_process; control_process(38, 1);"

    assert not is_marked(os.getpid())
    assert not is_marked(run(WAIT).pid)
    assert not is_marked(run(only + WAIT).pid)


def test_a_mark_cannot_be_removed(run):
    tried = "import resource\ntry: resource.setrlimit(resource.RLIMIT_MSGQUEUE, (9, 9))\nexcept ValueError: pass\n"
    dropped = "from agenthost._host.walls.kernel import drop_capabilities; drop_capabilities();"

    assert is_marked(run(MARKED + dropped + "exec(" + repr(tried) + ");" + WAIT).pid)


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [("", WAIT, False), (MARKED, WAIT, True), ("", "import os; print(1, flush=True); os._exit(0)", True)],
    ids=["another", "marked", "has ended"],
)
def test_a_peer_is_recognised(run, tmp_path, before, after, marked):
    """A peer that has ended may have been a marked one."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        process = run(before + CONNECT + after, path)
        if "_exit" in after:
            process.wait()
        connection, _ = listener.accept()
        with connection:
            assert peer_is_marked(connection) is marked


def test_this_process_is_not_a_marked_peer():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not peer_is_marked(ours)


def test_root_needs_no_look_at_its_process(monkeypatch):
    """The system may hide it, and no isolated agent is root."""
    monkeypatch.setattr(mark, "is_marked", lambda _: pytest.fail("it is looked at"))
    monkeypatch.setattr(mark.os, "geteuid", lambda: 54321)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not peer_is_marked(ours)
