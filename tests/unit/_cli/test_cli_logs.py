"""``agenthost logs``: lines of the first process and of the workers."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest
from attrs import define, field
from click.testing import CliRunner

from agenthost._cli.logs import command
from agenthost._host.operations.control_socket import controlled
from agenthost._host.telemetry.recent_lines import RecentLines, recent_lines
from agenthost._web.supervisor.commands import Commands
from agenthost._web.supervisor.tallies import Tallies
from agenthost._web.supervisor.worker_slots import WorkerSlot

FAILED = {
    "timestamp": "2026-11-30T00:00:02.000Z",
    "level": "error",
    "logger": "agenthost.tools",
    "event": "tool book failed",
    "agent": "sales",
    "error_id": "e-1",
    "exception": "Traceback\n  ValueError: no day\x1b[2J",
}
STARTED = {"timestamp": "2026-11-30T00:00:01.000Z", "level": "info", "logger": "agenthost.workers", "event": "started"}


@define(eq=False)
class WorkerWithLines:
    """A worker that answers from a ring of its own."""

    pid: int
    commands: Commands | None = None
    lines: RecentLines = field(factory=RecentLines)
    serving = True
    gone = False

    def order(self, what, content):
        number, (wanted, seen) = content
        answer = number, self.lines.find(wanted, seen.get(str(self.pid), 0))
        threading.Thread(target=self.commands.receive, args=(self, "answer", answer)).start()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command against a supervisor with one worker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))
    worker = WorkerWithLines(1 << 22)
    commands = Commands(
        SimpleNamespace(answer=None),
        [WorkerSlot(lambda _: None, worker)],
        dict,
        list,
        Tallies(lambda: None),
        logs=False,
    )
    worker.commands = commands
    recent_lines.clear()
    recent_lines.add(json.dumps(STARTED) + "\n", severe=False)
    worker.lines.add(json.dumps(FAILED) + "\n", severe=True)
    with controlled(str(tmp_path / "state" / "control-3000.sock"), commands.answer):
        yield lambda *options: CliRunner().invoke(command, list(options))
    recent_lines.clear()


def test_lines_of_all_processes_are_in_order(run):
    done = run()

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "2026-11-30T00:00:01.000Z INFO agenthost.workers: started",
        "2026-11-30T00:00:02.000Z ERROR agenthost.tools: tool book failed agent=sales error_id=e-1",
        "    Traceback",
        "      ValueError: no day\\u001b[2J",
    ]


@pytest.mark.parametrize("option", [("--error", "e-1"), ("--agent", "sales")])
def test_one_failure(run, option):
    done = run(*option, "--json")

    assert [json.loads(each) for each in done.stdout.splitlines()] == [FAILED]


def test_no_such_line(run):
    done = run("--call", "c-9")

    assert done.exit_code == 0
    assert "Older ones are where its standard error goes" in done.output


def test_no_host(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path))
    done = CliRunner().invoke(command, [])

    assert "no host listens there" in str(done.exception)
