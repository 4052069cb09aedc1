"""The guide for agents that move from the SDK does what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys

import pytest
from pages import DOCS, blocks, write

import agenthost
from agenthost._cli import main
from agenthost._host.config.load import load_config
from agenthost._host.runtime.find_agent import find_agent

PAGE = DOCS / "how-to" / "migrate.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The page's files, and nothing of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", "for tests")
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", "for tests")
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(PAGE, tmp_path)
    yield tmp_path
    sys.modules.pop("agenthost_sales", None)


def shown():
    """Return each command that runs the agent's file, with the output on the page."""
    found = []
    for block, following in zip(blocks(PAGE), blocks(PAGE)[1:], strict=False):
        if block.info == "console" and following.info == "text":
            found.append((block.text.splitlines()[-1].removeprefix("$ "), following.text))
    return [(command, text) for command, text in found if "agenthost_sales.py" in command]


@pytest.mark.parametrize(("command", "text"), shown())
def test_commands_print_what_the_page_shows(command, text, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as ended:
        main()

    assert (0, text) == (ended.value.code, capsys.readouterr().out)


def test_the_finding_reads_as_the_page_says():
    """And it is the only one."""
    plan, _ = find_agent(load_config(None, os.environ, {}), "agenthost_sales.py")

    assert [f"warning: {finding}\n" for finding in plan.findings] == [
        block.text for block in blocks(PAGE, "text") if block.text.startswith("warning")
    ]


def test_names_that_move_are_there():
    """Those of the diff and of the sentence below it."""
    [diff] = blocks(PAGE, "diff")
    names = re.findall(r"^[+]from agenthost import (.*)$", diff.text, re.MULTILINE)[0].split(", ")
    sentence = TEXT.partition("The older names")[2].partition("```")[0]
    names += re.findall(r"`([A-Za-z_]+)`", sentence)

    assert {name for name in names if not hasattr(agenthost, name)} == {"signalwire_agents", "agenthost"}


def test_statuses_of_the_sdk_are_those_of_the_records():
    """The SDK's responses on the page are the recorded ones."""
    records = json.loads((DOCS.parent / "tests/data/conformance/http.json").read_text(encoding="utf-8"))
    answers = {record["id"]: (record["status"], record["response"]) for record in records}

    assert answers["http:404"] == (200, {"error": "Invalid route"})
    assert answers["http:health"] == (200, {"status": "healthy", "agent": "gen"})
    assert answers["http:ready"] == (200, {"status": "ready"})
    assert [*answers["http:put"][1]] == ["detail"]
    assert answers["http:dictodd"] == (200, {"foo": 1})
