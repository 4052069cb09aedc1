"""Rules about source: what they find, and what they leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pages import ROOT, every

from agenthost._host.authoring.source_rules import check_source

if TYPE_CHECKING:
    from pathlib import Path

OWN = list(ROOT.glob("plugins/*/agenthost_*/**/*.py"))
BUILT_IN = [*(ROOT / "agenthost" / "builtin").rglob("*.py")]


@pytest.mark.parametrize("path", [*OWN, *BUILT_IN], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_own_code_has_no_findings(path: Path):
    assert check_source(path.name, path.read_text(encoding="utf-8")) == []


def test_the_documentation_has_no_findings():
    found = [check_source(block.name, block.text, plugin="@hookimpl" in block.text) for block in every("python")]

    assert [finding for each in found for finding in each] == []


def rules(source, **options):
    return [finding.rule for finding in check_source("x.py", source, **options)]


@pytest.mark.parametrize(
    "source",
    [
        "class Server:\n    @mcp.tool\n    def look(day): ...\n",
        "class A(AgentBase):\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, value): ...\n",
        (
            "class A(AgentBase):\n    @AgentBase.tool(parameters={})\n    def x(self, args, raw_data):\n"
            '        """Do."""\n        return "x"\n'
        ),
        (
            "class A(AgentBase):\n    @AgentBase.tool\n    async def x(self):\n"
            '        """Do."""\n        await asyncio.to_thread(time.sleep, 1)\n        return "x"\n'
        ),
        (
            "class A(AgentBase):\n    @AgentBase.tool\n    def x(self):\n"
            '        """Do."""\n        time.sleep(1)\n        raise ValueError\n'
        ),
        'class A(AgentBase):\n    def _result(self) -> FunctionResult:\n        """Make."""\n        return 1\n',
        "class A(",
    ],
    ids=["another library", "setter", "plain", "in a thread", "blocking, and not async", "private", "cannot be parsed"],
)
def test_what_is_left_alone(source):
    assert rules(source) == []


@pytest.mark.parametrize("call", ["requests.get('x')", "subprocess.run(['x'])", "urlopen('x')", "open('x')"])
def test_calls_that_block(call):
    tool = "@AgentBase.tool\n    async def x(self):\n"

    assert rules(f'class A(AgentBase):\n    {tool}        """Do."""\n        return {call}\n') == ["A115"]


def test_hooks_of_a_class_are_marked():
    source = "class P:\n    def agents(self): ...\n    @hookimpl\n    def sip_aliases(self): ...\n"

    assert (rules(source, plugin=True), rules(source)) == (["A109"], [])
