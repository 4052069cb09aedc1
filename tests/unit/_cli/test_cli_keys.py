"""``agenthost keys``: the keys, without their values."""

from __future__ import annotations

import json
import sys

import pytest

from agenthost._cli import main

FILE = """
[keys.monitoring]
secret = { env = "MONITORING_KEY" }
agents = ["*"]
scopes = ["observe"]

[keys.ci]
secret = ["the-new-secret-of-the-key", "the-old-secret-of-the-key"]
agents = ["sales", "acme-support:support"]
scopes = ["call", "text"]
"""


@pytest.fixture
def keys(tmp_path, monkeypatch, capsys):
    """Run the command with a configuration file of this text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITORING_KEY", "the-secret-of-the-monitoring")

    def keys(text, *options):
        file = tmp_path / "agenthost.toml"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        monkeypatch.setattr(sys, "argv", ["agenthost", "keys", *options])
        with pytest.raises(SystemExit):
            main()
        return capsys.readouterr().out

    return keys


def test_names_agents_scopes_and_no_values(keys):
    shown = keys(FILE)

    assert [line.split() for line in shown.splitlines()] == [
        ["key", "agents", "scopes", "secrets", "place"],
        ["ci", "sales", "acme-support:support", "call", "text", "2", "agenthost.toml:7"],
        ["monitoring", "*", "observe", "1", "agenthost.toml:2"],
    ]
    assert "secret-of" not in shown


def test_as_json(keys):
    shown = keys(FILE, "--json")

    assert json.loads(shown)["keys"][0] == {
        "key": "ci",
        "agents": ["sales", "acme-support:support"],
        "scopes": ["call", "text"],
        "secrets": 2,
        "place": "agenthost.toml:7",
    }
    assert "secret-of" not in shown


def test_without_keys(keys):
    assert keys("") == "No keys. [keys.NAME] in agenthost.toml defines one.\n"
