"""Output that cannot be written: a sentence and an exit code, and a host that serves all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agenthost._cli.run import show
from agenthost._host.config.schema import Config

FULL = Path("/dev/full")
MAIN = "from agenthost._cli import main; main()"
NO_ROOM = "agenthost: the output cannot be written: No space left on device. fix: make room, or write elsewhere\n"

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["agents"], ["agents", "--json"], ["--help"], ["hooks"]], ids=" ".join)
@pytest.mark.slow
def test_a_full_disk_is_not_a_mistake_of_agenthost(words, unbuffered):
    variables = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with FULL.open("w") as full:
        done = subprocess.run(  # noqa: S603 - a command of ours
            [sys.executable, "-c", MAIN, *words],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=variables,
        )

    assert (done.returncode, done.stderr) == (2, NO_ROOM)


@pytest.mark.slow
def test_where_nothing_can_be_said_the_exit_code_tells():
    with FULL.open("w") as full:
        done = subprocess.run([sys.executable, "-c", MAIN, "agents"], check=False, stdout=full, stderr=full)  # noqa: S603

    assert done.returncode == 2


def test_a_host_serves_although_its_banner_cannot_be_printed(monkeypatch, caplog):
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        show(Config(), "http://127.0.0.1:3000", {"agents": [], "plugins": [], "warnings": []}, made=False)

    assert "the list of agents cannot be printed: No space left on device" in caplog.text
