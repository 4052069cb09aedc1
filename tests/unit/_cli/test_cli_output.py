"""Output of commands, escaped before it reaches a terminal.

Output that cannot be written is an error with an exit code.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import agenthost
from agenthost._cli import cli
from agenthost._cli.parts.output import echo, print_json, print_warnings
from agenthost._cli.run import show
from agenthost._host.config.schema import Config

FULL = Path("/dev/full")
MAIN = "from agenthost._cli import main; main()"
NO_ROOM = "agenthost: the output cannot be written: No space left on device. fix: make room, or write elsewhere\n"

needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")


@needs_full
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
@needs_full
def test_where_nothing_can_be_said_the_exit_code_tells():
    with FULL.open("w") as full:
        done = subprocess.run([sys.executable, "-c", MAIN, "agents"], check=False, stdout=full, stderr=full)  # noqa: S603

    assert done.returncode == 2


@needs_full
def test_a_host_serves_although_its_banner_cannot_be_printed(monkeypatch, caplog):
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        show(Config(), "http://127.0.0.1:3000", {"agents": [], "plugins": [], "warnings": []}, made=False)

    assert "the list of agents cannot be printed: No space left on device" in caplog.text


def test_output_cannot_move_the_cursor(capsys):
    echo("one\n\ttwo\x1b[2J\u202e")
    print_warnings(["one\ntwo\x1b]0;title\x07"])
    print_json({"name": "\x1b[2J\u202e\x9b"})
    out, err = capsys.readouterr()

    shown, _, written = out.partition("\u202e".encode("unicode_escape").decode() + "\n")
    assert shown == "one\n\ttwo\\u001b[2J"
    assert err == "warning: one\\ntwo\\u001b]0;title\\u0007\n"
    assert json.loads(written) == {"name": "\x1b[2J\u202e\x9b"}
    assert not any(each in out + err for each in "\x1b\x07\u202e\x9b")


def test_a_mistake_in_a_command_cannot_move_the_cursor():
    done = CliRunner().invoke(cli, ["\x1b[2J"])

    assert done.exit_code == 2
    assert "No such command '\\u001b[2J'" in done.output.replace("\\x1b", "\\u001b")
    assert "\x1b" not in done.output


def test_nothing_is_printed_beside_the_function_that_escapes():
    """Only ``echo`` of output.py and the banner of a program write to a terminal."""
    folder = Path(agenthost.__file__).parent
    found = {
        f"{path.relative_to(folder).as_posix()}: {ast.unparse(node.func)}"
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("print", "echo", "secho", "write")
        and ast.unparse(node.func) in ("print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write")
    }

    assert found == {
        "_cli/parts/output.py: click.echo",
        "server.py: print",
        "_host/packages/hook_trace.py: sys.stderr.write",
    }
