"""Output for people: tables, and the banner of a host."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, strategies as st

from agenthost import __version__
from agenthost._host.config.schema import Config, ConsoleConfig, HostConfig
from agenthost._host.operations.terminal import AGENT_COLUMNS, agent_rows, banner, failed_plugins, folded, table
from agenthost.secret import Secret

READY: dict[str, Any] = {
    "agent": "sales",
    "route": "/sales",
    "tools": ["book", "cancel"],
    "sip": ["sales", "orders"],
    "package": "acme-sales",
    "version": "1.0",
    "state": "ready",
}
FAILED: dict[str, Any] = READY | {
    "agent": "dental",
    "route": None,
    "tools": [],
    "sip": [],
    "package": "acme-dental",
    "state": "quarantined",
    "reason": "No module named 'caldav'",
    "remedy": "pip install caldav",
}
CODE: dict[str, Any] = READY | {"agent": "own", "route": "/", "sip": [], "package": "code", "version": ""}


def report(*agents, plugins=()):
    return {"agents": list(agents), "plugins": list(plugins), "warnings": [], "problems": 0}


@contextmanager
def on_terminal(width):
    """Output goes to a terminal of a width."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        yield


class TestTable:
    def test_columns_are_as_wide_as_they_need_to_be(self):
        assert table(("a", "long name"), [(["1", "2"], ""), (["wider", "x"], "")]) == (
            "  a      long name\n  1      2\n  wider  x"
        )

    def test_a_cell_cannot_look_like_a_row_or_move_the_cursor(self):
        """Names and versions come from the metadata of packages."""
        assert table(("a", "b"), [(["1\n  2", "\x1b[2J\u202e"], "do\nit")]) == (
            "  a       b\n  1\\n  2  \\u001b[2J\\u202e\n    fix:  do\\nit"
        )

    def test_a_remedy_stands_below_its_row(self):
        assert table(("a",), [(["1"], "do it"), (["2"], "")]) == "  a\n  1\n    fix:  do it\n  2"

    def test_no_rows(self):
        assert table(("a", "b"), []) == "  a  b"

    def test_no_line_ends_with_spaces(self):
        assert all(
            line == line.rstrip() for line in table(("a", "b"), [(["1", ""], ""), (["2", "wide"], "")]).split("\n")
        )

    @given(st.lists(st.lists(st.text("ab: 0-", max_size=60), min_size=3, max_size=3)), st.integers(10, 100))
    def test_on_a_terminal_a_table_fits_where_its_words_do(self, rows, width):
        """And nothing is lost of it."""
        with on_terminal(width):
            shown = table(("a", "b", "c"), [(cells, "") for cells in rows])

        least = [max((len(word) for row in rows for word in folded(row[i], 1)), default=0) for i in range(3)]
        if sum(max(1, each) for each in least) + 6 <= width:
            assert max(map(len, shown.split("\n"))) <= width
        letters = "".join(text for row in (("abc",), *rows) for text in row)
        assert Counter(shown.replace(" ", "").replace("\n", "")) == Counter(letters.replace(" ", ""))

    def test_cells_are_folded_between_words_and_behind_the_package_of_a_key(self):
        with on_terminal(30):
            shown = table(("key", "state"), [(["acme-sales:support", "not ready: at 10:30 it fails"], "")])

        assert shown == ("  key          state\n  acme-sales:  not ready: at\n  support      10:30 it fails")

    def test_rows_may_come_one_by_one(self):
        """A generator is read once."""
        assert table(("a",), ((cell, "") for cell in (["1"], ["2"]))) == "  a\n  1\n  2"

    @pytest.mark.parametrize("cells", [[], ["1"], ["1", "2", "3"]])
    def test_every_row_has_every_column(self, cells):
        """A column is never lost in silence."""
        with pytest.raises((ValueError, IndexError)):
            table(("a", "b"), [(cells, "")])


@pytest.mark.parametrize(
    ("row", "cells", "remedy"),
    [
        (READY, ["sales", "/sales", "2", "sales orders", "acme-sales 1.0", "ready"], ""),
        (
            FAILED,
            ["dental", "–", "–", "–", "acme-dental 1.0", "quarantined: No module named 'caldav'"],
            "pip install caldav",
        ),
        (CODE, ["own", "/", "2", "–", "code", "ready"], ""),
        (READY | {"tools": [], "sip": []}, ["sales", "/sales", "0", "–", "acme-sales 1.0", "ready"], ""),
        (
            FAILED | {"route": "/dental"},
            ["dental", "/dental", "–", "–", "acme-dental 1.0", "quarantined: No module named 'caldav'"],
            "pip install caldav",
        ),
    ],
)
def test_the_row_of_an_agent(row, cells, remedy):
    assert [(cells, remedy)] == agent_rows(report(row))
    assert len(AGENT_COLUMNS) == len(cells)


def test_plugins_that_failed():
    """Each has two lines: the reason and the fix."""
    bad = {
        "plugin": "p",
        "package": "acme-p",
        "version": "1.0",
        "state": "quarantined",
        "hooks": [],
        "reason": "no",
        "remedy": "mend",
    }
    good = {"plugin": "q", "package": "acme-q", "version": "1.0", "state": "ready", "hooks": ["agents"]}

    assert failed_plugins(report(plugins=[bad, good])) == ["  plugin p (acme-p 1.0): no", "    fix:  mend"]


class TestBanner:
    def shown(self, *agents, made=True, terminal=True, **host):
        host = {"password": Secret("pass word"), "state_dir": "/state", **host}
        config = Config(host=HostConfig(**host))
        return banner(config, "http://127.0.0.1:3000", report(*agents), made=made, terminal=terminal)

    def test_on_one_screen(self):
        """As written in docs: address, credentials once, table, and a line that can be pasted."""
        assert self.shown(READY, FAILED) == "\n".join(
            [
                f"agenthost {__version__} on http://127.0.0.1:3000",
                "  user agenthost, password pass word (made for this machine, kept in /state)",
                (
                    "  SignalWire cannot reach this address: set public_url in agenthost.toml (or SWML_PROXY_URL_BASE) "
                    "before pointing a number here."
                ),
                "  in text at http://127.0.0.1:3000/v1, an OpenAI-compatible API with the agents as models",
                "  agent   route   tools  sip           package          state",
                "  sales   /sales  2      sales orders  acme-sales 1.0   ready",
                "  dental  –       –      –             acme-dental 1.0  quarantined: No module named 'caldav'",
                "    fix:  pip install caldav",
                "  try:  curl -u 'agenthost:pass word' http://127.0.0.1:3000/sales",
            ]
        )

    def test_the_console_is_named_where_it_is_enabled(self):
        config = Config(host=HostConfig(password=Secret("pass word")), console=ConsoleConfig(enabled=True))

        assert "  console http://127.0.0.1:3000/-/\n" in banner(
            config, "http://127.0.0.1:3000", report(READY), made=False, terminal=True
        )

    def test_a_unix_socket(self):
        config = Config(host=HostConfig(uds="/run/agent host.sock"), console=ConsoleConfig(enabled=True))
        shown = banner(config, "unix:/run/agent host.sock", report(READY), made=False, terminal=True)

        assert f"agenthost {__version__} on unix:/run/agent host.sock\n" in shown
        assert "  console /-/\n" in shown
        assert "  in text at /v1," in shown
        assert shown.endswith("curl -u 'agenthost' --unix-socket '/run/agent host.sock' http://localhost/sales")

    def test_a_journal_does_not_get_the_password(self):
        """Output other than a terminal gets the path of the password.

        The line can still be pasted.
        """
        shown = self.shown(READY, terminal=False, state_dir="/a state", user="o'brien")

        assert "pass word" not in shown
        assert "  user o'brien, password in /a state/password (made for this machine)" in shown
        assert "  try:  curl -u 'o'\\''brien':\"$(cat '/a state/password')\" http://127.0.0.1:3000/sales" in shown

    def test_a_configured_password_is_not_shown(self):
        """Curl asks for it."""
        shown = self.shown(READY, made=False)

        assert "pass word" not in shown
        assert "  user agenthost, password as configured" in shown
        assert "  try:  curl -u 'agenthost' http://127.0.0.1:3000/sales" in shown

    def test_with_a_public_url(self):
        shown = self.shown(READY, public_url="https://agents.example")

        assert "  callers reach it at https://agents.example" in shown
        assert "SignalWire cannot reach" not in shown

    def test_nothing_is_served(self):
        """There is nothing to try."""
        assert "try:" not in self.shown(FAILED)
