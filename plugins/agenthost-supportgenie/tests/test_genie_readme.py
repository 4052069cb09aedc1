"""The commands and results in the README.

They run as processes, in an empty directory, in the order of the README.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

import pytest
from agenthost_supportgenie import QUERIES, Shop
from agenthost_supportgenie.demo import script

from agenthost.testing import Says, ScriptedModel

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHOWN = [(command, text) for (kind, command), (_, text) in pairwise(BLOCKS) if " ask " in command]

OWN = "agenthost-supportgenie:"
NAMES = Counter(each.name for each in entry_points(group="agenthost.agents"))
TWICE = [name for name, times in NAMES.items() if times > 1]
"""Names that another installed package has as well: their keys begin with the package's."""

pytestmark = pytest.mark.skipif(
    "genie" not in NAMES,
    reason="agenthost-supportgenie is not installed",
)


@pytest.fixture
def run(tmp_path):
    """Run a command line of the README, and return exit code, stdout and stderr.

    Other installed packages are left out.
    """

    def run(line, typed="", **variables):
        program, *words = shlex.split(line.removeprefix("$ "))
        assert program == "agenthost"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        done = subprocess.run(  # noqa: S603 - the commands of the README
            [sys.executable, "-m", "agenthost", *words],
            input=typed,
            env={**environ, "HOME": str(tmp_path), **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout.replace(OWN, ""), done.stderr.replace(OWN, "")

    return run


def toml(word):
    """The README's block of configuration with a word in it."""
    [found] = [text for kind, text in BLOCKS if kind == "toml" and word in text]
    return found


def test_questions_get_the_answers_that_are_shown(run):
    assert len(SHOWN) == 3
    for command, text in SHOWN:
        assert run(command.strip())[:2] == (0, text)


def test_the_demonstration_without_a_model_and_what_is_counted(run):
    """Each query is routed to its agent, and the complex one goes through every workflow."""
    code, out, err = run("$ agenthost genie-demo")
    went = re.findall(r"^  · genie → (\S+) ", err, re.MULTILINE)

    assert (code, went) == (0, [*QUERIES.values()])
    assert "agenthost chat genie --context" in err
    assert [line for line in err.splitlines() if line.startswith("> ")] == [
        f"> {line}" for line in script().split("\n")[:-1]
    ]
    assert out.count("A device arrived defective") == 2
    assert "sales: [offline model] We have: Aero 13 laptop $899" in out

    code, out, _ = run("$ agenthost stats")
    calls = dict(re.findall(r"^ +(\S+) +(\d+) ", out, re.MULTILINE))
    assert (code, calls["genie"], calls["escalation"], calls["genie-vote"]) == (0, "12", "3", "1")


def test_the_demonstration_with_a_model_by_one_setting(run, tmp_path):
    (tmp_path / "agenthost.toml").write_text(toml("[models]"), encoding="utf-8")
    with ScriptedModel(then=Says("I am a language model.")) as model:
        code, out, err = run("$ agenthost genie-demo", OPENAI_BASE_URL=model.url, OPENAI_API_KEY="the key")

    assert (code, set(model.keys)) == (0, {"Bearer the key"})
    assert out.count("I am a language model.") >= len(QUERIES) + 4
    assert "offline" not in out + err


def test_a_chat(run):
    code, out, _ = run("$ agenthost chat genie", typed="Where is order 1032?\n")

    told = "Order 1032 of 2025-11-05, Lumen Max phone for $699: shipped, tracking number TR734132."
    assert (code, out) == (0, f"[offline model] {told}\n")


def test_a_shop_and_a_workflow_of_ones_own(run, tmp_path):
    """The blocks of configuration are taken as they are, but for where the file is."""
    (tmp_path / "own.db").write_bytes(Shop.open().path.read_bytes())
    own = toml("refund_limit").replace("/srv/shop.db", str(tmp_path / "own.db"))
    both = own + toml("[workflows.desk]")
    for name in TWICE:
        both = both.replace(f"[agents.{name}]", f'[agents."{OWN}{name}"]').replace(f'"{name}"', f'"{OWN}{name}"')
    (tmp_path / "agenthost.toml").write_text(both, encoding="utf-8")
    _, out, err = run("$ agenthost check")
    ready = set(re.findall(r"^ +(\S+) +/\S* .* ready$", out, re.MULTILINE))

    assert ready >= {"support", "technical", "sales", "escalation", "genie", "desk"}
    assert err == ""


def test_the_tables_are_what_is_served(host):
    """Agents, routes and tools, and the routes of the workflows."""
    rows = re.findall(r"^\| (\w+) \| `(/[\w/]+)` \| (.*) \|$", README, re.MULTILINE)

    assert len(rows) == 4
    for _, route, tools in rows:
        assert set(re.findall(r"`(\w+)`", tools)) == host.functions(route).keys()
    for route in ("/genie", "/genie/options", "/genie/vote", "/genie/chain", "/genie/levels"):
        assert f"`{route}`" in README
        assert host.post(route, {})["version"] == "1.0.0"
