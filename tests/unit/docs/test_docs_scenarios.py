"""Every scenario of the documentation runs against its page's agent."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, PAGES, blocks, title, write

from agenthost.testing.scenarios import lines_about
from agenthost.testing.scenarios.many import run_file

WITH_SCENARIOS = [page for page in PAGES if any(block.file.endswith(".call.toml") for block in blocks(page))]


@pytest.fixture
def verdicts(tmp_path, monkeypatch):
    def of(page, change=lambda code: code):
        files = write(page, tmp_path)
        monkeypatch.chdir(tmp_path)
        for file in files:
            if file.suffix == ".py":
                file.write_text(change(file.read_text("utf-8")), "utf-8")
        return [run_file(file.relative_to(tmp_path)) for file in files if file.name.endswith(".call.toml")]

    return of


def test_pages_with_scenarios_are_found():
    assert {"first-agent", "test-conversations"} <= {page.stem for page in WITH_SCENARIOS}


@pytest.mark.parametrize("page", [page for page in WITH_SCENARIOS if page.stem != "first-agent"], ids=title)
def test_scenarios_pass(page, verdicts):
    for verdict in verdicts(page):
        assert verdict.passed, list(lines_about(verdict))


def test_the_scenario_of_the_tutorial_fails_until_the_tool_refuses(verdicts):
    page = DOCS / "tutorial" / "first-agent.md"
    told = next(block.text for block in blocks(page, "text") if block.text.startswith("FAILED"))
    change = next(block.text for block in blocks(page, "diff") if "At most" in block.text)
    old = "\n".join(re.findall(r"^-(.*)$", change, re.MULTILINE))
    new = "\n".join(re.findall(r"^\+(.*)$", change, re.MULTILINE))

    [failed] = verdicts(page)
    assert f"FAILED  {failed.title}  ({failed.file})\n" + "\n".join(lines_about(failed)) + "\n" == told

    [passed] = verdicts(page, lambda code: code.replace(old, new))
    assert passed.passed
