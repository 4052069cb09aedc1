"""The host's side of a template process, which does not trust its messages."""

import os
import socket
import struct
import subprocess
import sys
import threading

import pytest

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.place import Place
from agenthost._host.generations.contents import held_files
from agenthost._host.isolation import template_process
from agenthost._host.isolation.frames import Reader, framed
from agenthost._host.isolation.process_setup import STATUS, Setup
from agenthost._host.isolation.template_process import (
    PackageChanged,
    TemplateProcess,
    _greeting,
    _Interpreter,
    can_watch_forks,
)
from agenthost._host.packages.instantiate import Section
from agenthost._host.walls.enclosure import Enclosure


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the sender")
def test_the_kernel_names_the_sender(pair):
    """Messages after the greeting are kept."""
    ours, theirs = pair
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    reader = Reader()
    theirs.sendall(framed("hello", 0, None) + framed("described", 0, {"x": 1}))

    assert _greeting(ours, reader, 5) == os.getpid()
    assert list(reader.messages(b"")) == [("described", 0, {"x": 1})]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the sender")
@pytest.mark.parametrize("said", [b"", b"x", framed("described", 0, {})])
def test_anything_else_is_not_a_greeting(pair, said):
    ours, theirs = pair
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    theirs.sendall(said)
    theirs.shutdown(socket.SHUT_WR)

    with pytest.raises(ValueError, match="b"):
        _greeting(ours, Reader(), 5)


def test_silence_is_an_error(pair):
    with pytest.raises(TimeoutError):
        _greeting(pair[0], Reader(), 0.01)


@pytest.fixture
def interpreter(pair):
    """The host's view of a template at the other end of a pair."""
    made = object.__new__(_Interpreter)
    made._control, made._codes, made._reading = pair[0], {}, threading.Lock()
    pair[0].settimeout(0)
    return made


def test_exit_codes_arrive_once(interpreter, pair):
    pair[1].sendall(STATUS.pack(7, -9) + STATUS.pack(8, 3))

    assert interpreter.code_of(8, 1) == 3
    assert interpreter.code_of(7, 0) == -9
    assert interpreter.code_of(7, 0.01) is None


def test_a_flood_of_exit_codes_is_not_kept(interpreter, pair):
    """The code of the agent may send any number."""
    for start in range(0, 6400, 64):
        pair[1].sendall(b"".join(STATUS.pack(number, 0) for number in range(start, start + 64)))
    interpreter.code_of(-5, 0.2)

    assert len(interpreter._codes) <= 512


@pytest.mark.parametrize("sent", [b"", struct.pack("=i", 7)])
def test_a_template_that_ends_has_no_codes(interpreter, pair, sent):
    pair[1].sendall(sent)
    pair[1].close()

    assert interpreter.code_of(7, 5) is None


def test_nothing_is_started_once_the_files_differ(tmp_path, monkeypatch):
    """The distribution is reported."""
    metadata = tmp_path / "far-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: far\n")
    candidate = Candidate(AGENTS, "far", "far:Agent", "far", "1.0", str(metadata))
    files = held_files(candidate.location, [])
    setup = Setup(candidate, "far", Section("agent", {}, Place("x")), "info", None, Enclosure(), files=files)
    reported = []
    monkeypatch.setattr(template_process, "_Interpreter", lambda *_: pytest.fail("it is started"))
    (metadata / "METADATA").write_text("Name: farther\n")

    with pytest.raises(PackageChanged, match=r"the files of far 1\.0 have changed since this host loaded it"):
        TemplateProcess(setup, {}, 5, reported.append).start_process()
    assert reported == ["far"]


def test_closing_does_not_wait_for_a_start():
    """It runs on the event loop, and an import may take seconds."""
    setup = Setup(Candidate(AGENTS, "a", "a:A", "a", "1", ""), "a", None, "info", None, Enclosure())
    template = TemplateProcess(setup, {}, 5, lambda _: None)
    closing = threading.Thread(target=template.close, daemon=True)
    with template._starting:
        closing.start()
        closing.join(10)
        assert not closing.is_alive()


@pytest.mark.parametrize("error", [PermissionError, AttributeError])
def test_without_descriptors_of_processes_nothing_is_forked(monkeypatch, error):
    def refused(_):
        raise error

    can_watch_forks.cache_clear()
    monkeypatch.setattr(os, "pidfd_open", refused, raising=False)

    assert not can_watch_forks()
    can_watch_forks.cache_clear()


@pytest.mark.slow
def test_words_for_the_end_of_a_process():
    code = subprocess.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], check=False).returncode

    assert template_process._words(code) == "was ended by SIGKILL"
    assert template_process._words(3) == "ended with exit status 3"
    assert template_process._words(-99) == "was ended by signal 99"
