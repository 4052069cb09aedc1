"""The pytest plugin: its cost, and its fixtures as authors get them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pages import ROOT
from plugin_option import PLUGIN_OPTION

import agenthost

HOME = Path(agenthost.__file__).parents[1]


def test_the_entry_point_names_the_plugin():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]

    assert points == {"agenthost": "agenthost.testing.pytest_plugin"}
    assert import_module(points["agenthost"]).__all__ == ["agenthost_async_host", "agenthost_host"]


@pytest.mark.slow
def test_nothing_is_imported_before_a_fixture_is_used():
    """Every run of pytest in the environment pays for it."""
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import agenthost.testing.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert done.stdout.split() == [
        "agenthost",
        "agenthost._version",
        "agenthost.testing",
        "agenthost.testing.pytest_plugin",
    ]


@pytest.mark.slow
def test_a_run_with_the_fixtures_warns_of_nothing(tmp_path):
    """Loops, threads and folders are closed, and the test runs in any folder."""
    (tmp_path / "test_desk.py").write_text(
        "from agenthost import AgentBase\n"
        "from agenthost.testing import HermeticHost, with_state\n\n\n"
        "def test_desk(agenthost_host: HermeticHost) -> None:\n"
        "    agenthost_host.add(AgentBase(name='desk', route='/desk'))\n"
        "    assert agenthost_host.request('GET', '/desk').status == 200\n\n\n"
        "def test_state() -> None:\n"
        "    assert with_state(AgentBase(name='desk')).state.sync.incr('n') == 1\n",
        "utf-8",
    )
    command = [sys.executable, "-X", "dev", "-m", "pytest", "-q", "-W", "error", *PLUGIN_OPTION]
    done = subprocess.run(  # noqa: S603 - ours
        command, cwd=tmp_path, env={"PYTHONPATH": str(HOME)}, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert "2 passed" in done.stdout
