"""Changes between two configurations."""

from __future__ import annotations

import pytest

from agenthost._host.config.changes import changes, with_kept
from agenthost._host.config.declaration import LIVE, PROCESS, RESTART
from agenthost._host.config.load import load_config


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a configuration file with this text."""
    monkeypatch.chdir(tmp_path)

    def load(text):
        (tmp_path / "agenthost.toml").write_text(text, encoding="utf-8")
        return load_config(None, {"XDG_STATE_HOME": str(tmp_path)})

    return load


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("", "[host]\nport = 3000\n", []),
        ("[host]\nmax_body = 1", "[host]\nport = 1", [("host.port", RESTART), ("host.max_body", LIVE)]),
        ("[host]\npassword = 'a'", "[host]\npasswords = ['b']", [("host.password", LIVE), ("host.passwords", LIVE)]),
        ("", "[agents.a]", []),
        ("[agents.a]\nroute = '/a'", "[agents.b]", [("agents.a.route", LIVE)]),
        ("", "[agents.'a:b']\nx = 1", [('agents."a:b".x', LIVE)]),
        ("[agents.a]\nx = { y = 1, z = 2 }", "[agents.a]\nx = { y = 1, z = 3 }", [("agents.a.x.z", LIVE)]),
        ("[agents.a]\nx = [1]", "[agents.a]\nx = [2]", [("agents.a.x", LIVE)]),
        ("[agents.a]\nx = {}", "[agents.a]", [("agents.a.x", LIVE)]),
        ("", "[plugins.p]\nx = 1", [("plugins.p.x", PROCESS)]),
        ("", "[models.m]\nkind = 'offline'", [("models.m.kind", LIVE)]),
        (
            "",
            "[workflows.w]\nkind = 'router'\nagents = ['a']",
            [("workflows.w.kind", LIVE), ("workflows.w.agents", LIVE)],
        ),
        (
            "[[sip.rules]]\nagent = 'a'\n[[sip.rules]]\nagent = 'b'",
            "\n[[sip.rules]]\nagent = 'a'\n[[sip.rules]]\nagent = 'c'\nuser = 'u'",
            [("sip.rules[1].user", LIVE), ("sip.rules[1].agent", LIVE)],
        ),
    ],
)
def test_keys_that_differ(load, before, after, expected):
    """A key that is left out has its default.

    Lines are not compared.
    """
    assert [(change.key, change.effect) for change in changes(load(before), load(after))] == expected


def test_what_waits_is_kept(load):
    before = load("[host]\nport = 1\nmax_body = 1\n[plugins.m]\nkind = 'a'\n[state]\nurl = 'memory://'\n")
    after = load("[host]\nport = 2\nmax_body = 2\n[plugins.m]\nkind = 'b'\n[agents.a]\nroute = '/x'\n")

    kept = with_kept(before, after, (RESTART,))
    assert [change.key for change in changes(before, kept)] == ["host.max_body", "plugins.m.kind", "agents.a.route"]
    kept = with_kept(before, after, (RESTART, PROCESS))
    assert [change.key for change in changes(before, kept)] == ["host.max_body", "agents.a.route"]
