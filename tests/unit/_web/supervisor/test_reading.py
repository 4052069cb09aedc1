"""Reading apart: another process reads the configuration, and prints the served agents."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

_PROGRAM = """
import os, signal, socket, sys
from agenthost._host.config.load import load_config
from agenthost._web.supervisor import reading, serving

def serve(opened, config, ready):
    print("serving on", opened.getsockname()[1], config.host.user, flush=True)
    ready({"agents": [], "plugins": [], "warnings": ["a warning"]})
    print("told", flush=True)

def hand_over(reader):
    config = load_config(None, {"HOME": "/nonexistent", "AGENTHOST_USER": "ann"})
    opened = socket.create_server(("127.0.0.1", 0))
    port = opened.getsockname()[1]
    report = reader.hand_over(config, opened)
    print("printed", port, report["warnings"], flush=True)
    reader.printed("no room")

serving.serve_with_workers = serve
read = {
    "hand over": hand_over,
    "decline": lambda reader: reader.decline(),
    "exit": lambda reader: sys.exit(3),
    "die": lambda reader: os.kill(os.getpid(), signal.SIGTERM),
}[sys.argv[1]]
print(reading.read_apart(read))
"""


def run(what):
    """Run a program that reads apart, and return its result."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _PROGRAM, what]
    return subprocess.run(command, env=environ, capture_output=True, check=False, text=True, timeout=60)  # noqa: S603 - written above


def test_the_configuration_and_the_port_are_handed_over():
    done = run("hand over")

    serving, printed, told, result = done.stdout.splitlines()
    _, _, port, user = serving.split()
    assert user == "ann"
    assert printed == f"printed {port} ['a warning']"
    assert (told, result, done.returncode) == ("told", "True", 0)


def test_what_the_reader_cannot_print_is_logged():
    """The supervisor's log has it, as it has the failures and the warnings."""
    logged = run("hand over").stderr

    assert "the list of agents cannot be printed: no room" in logged
    assert "a warning" in logged


def test_a_reader_that_declines_leaves_everything_to_this_process():
    assert run("decline").stdout == "False\n"


@pytest.mark.parametrize(("what", "code"), [("exit", 3), ("die", -signal.SIGTERM)])
def test_a_reader_that_ends_takes_this_process_along(what, code):
    """A wrong option, for example, ends the command with its own exit code."""
    done = run(what)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
