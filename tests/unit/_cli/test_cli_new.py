"""``agenthost new``: options, questions, and the commands that follow."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from agenthost._cli import cli, new


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words, answers="": CliRunner().invoke(cli, ["new", *words], input=answers)


def test_without_a_terminal_it_takes_defaults(run, tmp_path):
    printed = run("cinema").stdout

    assert "What" not in printed
    assert "  agenthost-cinema/src/agenthost_cinema/__init__.py\n" in printed
    first, second, third = printed.partition("\nNext:\n\n")[2].splitlines()
    assert first == "  cd agenthost-cinema"
    assert second.endswith(" --editable '.[test]'")
    assert third == "  agenthost dev"
    assert (tmp_path / "agenthost-cinema" / ".gitignore").read_text().splitlines()[1] == "agenthost.toml"


def test_on_a_terminal_it_asks_two_questions(run, tmp_path, monkeypatch):
    monkeypatch.setattr(new, "_on_terminal", lambda: True)
    printed = run("lotto", answers="skill\nDraws numbers\n").stdout

    assert printed.count("?") == 2
    assert '"""Draws numbers."""' in (tmp_path / "agenthost-lotto/src/agenthost_lotto/__init__.py").read_text()


def test_with_options_it_asks_nothing(run, monkeypatch):
    monkeypatch.setattr(new, "_on_terminal", lambda: True)

    assert "?" not in run("lotto", "--flat").stdout


def test_what_cannot_be_written_is_a_usage_error(run):
    run("cinema")
    again, wrong = run("cinema"), run("health")

    assert (again.exit_code, wrong.exit_code) == (2, 2)
    assert "agenthost-cinema exists and is not empty" in again.output
    assert "'health' cannot be the name of an agent" in wrong.output
