"""The documentation by page, name and word."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from pages import DOCS, ROOT

import agenthost
from agenthost import testing
from agenthost._cli import cli
from agenthost._host.authoring.documents import Documentation
from agenthost._host.authoring.findings import PAGE, RULES

DOCUMENTATION = Documentation()


def test_every_page_is_found_by_its_name_and_title():
    names = [page.name for page in DOCUMENTATION.pages]

    assert set(names) - {"AGENTS"} == {
        path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md") if path.name != "index.md"
    }
    assert names[:2] == ["AGENTS", "tutorial/first-agent"]
    assert DOCUMENTATION.about("AGENTS") == (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    for topic in ("write-tools", "how-to/write-tools", "write-tools.md", "Write tools"):
        assert DOCUMENTATION.about(topic) == (DOCS / "how-to" / "write-tools.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*agenthost.__all__, *testing.__all__])
def test_every_public_name_is_described(name):
    about = DOCUMENTATION.about(name)

    assert about.startswith((f"## {name}\n\n```python signature\n", f"# {name}\n"))  # or the page of this title


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("FunctionResult.connect", "```python signature\ndef connect(destination: str, "),
        ("FunctionResult.connect", 'assert result.to_dict()["action"] == ['),
        ("agenthost.AgentBase", "\n  agenthost docs AgentBase.add_language\n"),
        ("agenthost.testing.HermeticHost", "\n  agenthost docs HermeticHost.talk\n"),
        ("A115", "reference/checks: | `A115` | "),
        ("G04", "reference/quality-scale: | G04 | secrets are of the type Secret | "),
        ("tool_timeout", "reference/configuration: | `tool_timeout` | "),
        ("circuit breaker", "**circuit breaker**"),
        ("uvloop", "  agenthost docs explanation/dependencies  (Dependencies)"),
    ],
)
def test_names_and_words(topic, words):
    assert words in DOCUMENTATION.about(topic)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_explained(rule):
    assert f" {rule} " in DOCUMENTATION.about(PAGE) or f"`{rule}`" in DOCUMENTATION.about(PAGE)


def test_the_command_prints_a_page_or_the_nearest_name():
    listed = CliRunner().invoke(cli, ["docs"])
    page = CliRunner().invoke(cli, ["docs", "circuit", "breaker", "--json"])
    nothing = CliRunner().invoke(cli, ["docs", "FunctionReslt"])

    assert listed.stdout.splitlines()[0].split(maxsplit=1) == ["AGENTS", "For coding agents"]
    assert json.loads(page.stdout)["text"].startswith("**circuit breaker**")
    assert nothing.exit_code == 2
    assert "there is nothing about 'FunctionReslt'. Did you mean FunctionResult? agenthost docs lists" in nothing.output
