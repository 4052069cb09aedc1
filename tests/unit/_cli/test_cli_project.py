"""``agenthost --project``, and the output of packages beside JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from agenthost._cli import cli

pytestmark = pytest.mark.slow
CODE = '''
from agenthost import AgentBase

print("imported")


class DeskAgent(AgentBase):
    def __init__(self):
        super().__init__("desk", "/desk")

    @AgentBase.tool
    async def visit(self) -> str:
        """Count a visit."""
        print("in the tool")
        return f"Visit {await self.state.incr('visits')}."
'''
PROJECT = """
[project]
name = "agenthost-desk"
version = "1.0"

[project.entry-points."agenthost.agents"]
desk = "agenthost_desk:DeskAgent"
"""


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a command in a project that is not installed."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "agenthost_desk.py").write_text(CODE)
    environ = {
        **os.environ,
        "AGENTHOST_STATE_DIR": str(tmp_path / "state"),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }

    def running(*words):
        command = [sys.executable, "-m", "agenthost", *words]
        return subprocess.run(  # noqa: S603 - a command of ours
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    return running


def test_a_project_is_used_without_being_installed(run):
    """The JSON is alone on standard output."""
    missing = run("tool", "desk", "visit").stderr
    assert missing.startswith("agenthost: agent 'desk' of the project in this folder is not installed. fix: ")
    called = run("--project", ".", "tool", "desk", "visit", "--json")

    assert json.loads(called.stdout) == {"response": "Visit 1."}
    assert "in the tool\n" in called.stderr
    assert "in the tool\nVisit 1.\n" in run("--project", ".", "tool", "desk", "visit").stdout


def test_tools_without_naming_an_agent(run, tmp_path):
    """The tools of the only one, else the agents, else the next step."""
    only, none = run("--project", ".", "tool"), run("tool")
    (tmp_path / "pyproject.toml").write_text(f'{PROJECT}broken = "agenthost_desk:DeskAgnt"\n')
    several, data = run("--project", ".", "tool"), run("--project", ".", "tool", "--json")

    assert only.stdout == "Tools of the agent desk:\n\nvisit  Count a visit.\n"
    assert (none.returncode, "offers desk. To serve it" in none.stdout) == (0, True)
    assert none.stdout.endswith("agenthost --project . tool desk\n")
    assert "  desk    visit\n  broken  quarantined\n    fix:  correct agenthost_desk:DeskAgnt" in several.stdout
    assert json.loads(data.stdout) == [{"agent": "desk", "tools": ["visit"]}]


def test_the_state_of_an_agent_is_shown_and_changed(run):
    def shown(*words):
        return json.loads(run("state", "desk", *words, "--json").stdout)

    assert shown() == {}
    for _ in range(2):
        run("--project", ".", "tool", "desk", "visit", "--state", "configured")
    assert shown() == {"visits": 2}
    assert shown("visits", "--set", "40") == {"visits": 40}
    called = run("--project", ".", "tool", "desk", "visit", "--state", "configured", "--json")
    assert json.loads(called.stdout) == {"response": "Visit 41."}
    assert shown("visits", "--delete") == {"visits": 41}
    gone = run("state", "desk", "visits")
    assert (gone.returncode, gone.stderr) == (1, "There is no key 'visits' of 'desk'.\n")


def test_a_file_with_a_similar_name_is_suggested(run, tmp_path):
    (tmp_path / "shop.py").touch()

    assert run("check", "shp.py").stderr.strip().endswith("there is no such Python file. Did you mean shop.py?")
    assert "there is no such Python file. Did you mean shop.py?" in run("tool", "shp.py").stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--project", ".", "run"), "--project has no effect on agenthost run. fix: agenthost run ."),
        (("--project", ".", "lock"), "--project has no effect on agenthost lock."),
        (("--project", "gone", "agents"), "'gone' is neither a file, nor a folder, nor an installed package."),
        (("state", "desk", "--set", "5"), "--set and --delete need a KEY."),
        (("state", "desk", "visits", "--set", "five"), "--set: the value must be JSON"),
        (("mcp",), "No such command 'mcp'. fix: pip install agenthost-mcp"),
    ],
)
def test_words_that_do_not_fit_are_refused(words, message):
    done = CliRunner().invoke(cli, words)

    assert done.exit_code == 2
    assert message in done.output.replace("\n", " ")
