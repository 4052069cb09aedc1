"""``agenthost migrate`` changes imports, and reports what it cannot."""

from __future__ import annotations

import pytest
from agenthost_signalwire.imports import migrated
from agenthost_signalwire.migrate import command
from click.testing import CliRunner

PROGRAM = '''"""A program."""

from signalwire import AgentBase, AgentServer  # both
from signalwire.core.function_result import FunctionResult


class Shop(AgentBase):
    def go(self):
        return FunctionResult("x")
'''


@pytest.mark.parametrize(
    ("before", "after", "remarks"),
    [
        ("from signalwire import AgentBase\n", "from agenthost import AgentBase\n", []),
        ("from signalwire_agents import AgentBase\n", "from agenthost import AgentBase\n", []),
        (
            "from signalwire.core.logging_config import get_logger  # own\n",
            "from agenthost import get_logger  # own\n",
            [],
        ),
        (
            "from signalwire import (\n    AgentBase,\n    DataMap,\n)\n",
            "from agenthost import (\n    AgentBase,\n    DataMap,\n)\n",
            [],
        ),
        (
            "from signalwire import AgentBase as A, RestClient\n",
            "from agenthost import AgentBase as A\nfrom signalwire import RestClient\n",
            [(1, "RestClient of signalwire: use the SDK, installed next to agenthost")],
        ),
        ("import signalwire\n", "import signalwire\n", [(1, "import signalwire: import the names that are used")]),
        ("from os import path\n", "from os import path\n", []),
        (
            "self.add_skill('web_search')\nself.add_skill('math')\n",
            None,
            [
                (
                    1,
                    "the skill 'web_search' is one of signalwire-sdk: keep agenthost-signalwire installed",
                )
            ],
        ),
    ],
)
def test_imports(before, after, remarks):
    done = migrated(before)

    assert (done.text, list(done.remarks)) == (before if after is None else after, remarks)


def test_names_that_are_left_out_are_reported():
    [(line, remark)] = migrated("def f(self):\n    self.mount(app)\n").remarks

    assert (line, remark.startswith("mount: use AgentServer")) == (2, True)


def test_the_command_shows_the_difference_and_writes_it(tmp_path):
    file = tmp_path / "shop.py"
    file.write_text(PROGRAM, encoding="utf-8")
    shown = CliRunner().invoke(command, [str(tmp_path)])

    assert (shown.exit_code, file.read_text(encoding="utf-8")) == (0, PROGRAM)
    assert "+from agenthost import AgentBase, AgentServer  # both\n" in shown.output
    CliRunner().invoke(command, [str(file), "--write"])
    assert "signalwire" not in file.read_text(encoding="utf-8")


def test_a_line_that_remains_is_a_finding(tmp_path):
    file = tmp_path / "shop.py"
    file.write_text("import signalwire\n", encoding="utf-8")
    broken = tmp_path / "broken.py"
    broken.write_text("def\n", encoding="utf-8")

    assert CliRunner().invoke(command, [str(file)]).exit_code == 1
    assert CliRunner().invoke(command, [str(broken)]).exit_code == 1
