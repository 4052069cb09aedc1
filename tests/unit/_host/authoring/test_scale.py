"""The quality scale: its rules, its levels, and the levels of the project's own packages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
from pages import DOCS, ROOT

from agenthost._host.authoring.new_project import KINDS, NewProject
from agenthost._host.authoring.overlay import Overlay
from agenthost._host.authoring.scale import Rating
from agenthost._host.authoring.scale_rules import LEVELS, SCALE
from agenthost._host.authoring.sources import read_source

PAGE = (DOCS / "reference" / "quality-scale.md").read_text(encoding="utf-8")
NEEDS = {
    "agenthost-dbos": "dbos",
    "agenthost-mcp": "mcp",
    "agenthost-postgres": "psycopg",
    "agenthost-ray": "ray",
    "agenthost-redis": "redis",
    "agenthost-signalwire": "signalwire",
}
OWN = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
SEPARATE = """
[agents.concierge]
use = "agenthost-prefabs:concierge"

[agents."agenthost-concierge:concierge"]
route = "/hotel"
"""
"""The packages offer two agents of one name, and two at one route."""
EXAMPLES = ("concierge", "parking", "table")


def test_the_page_lists_the_rules():
    rows = re.findall(r"^\| (\w\d\d) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)

    assert rows == [(rule.name, rule.asks, f"`{rule.fix}`") for rule in SCALE]


@pytest.mark.parametrize(
    ("missing", "level"),
    [((), "platinum"), (("P04",), "gold"), (("G01", "P04"), "silver"), (("S01",), "bronze"), (("B01", "S01"), "none")],
)
def test_a_level_needs_all_rules_up_to_it(missing, level):
    lacking = tuple((rule, "…") for rule in SCALE if rule.name in missing)
    rating = Rating("acme", "1.0", lacking)

    assert rating.level == level
    assert rating.badge == f"agenthost scale: {level} ({len(SCALE) - len(missing)} of {len(SCALE)} rules)"


@pytest.fixture(scope="module")
def ratings(tmp_path_factory):
    """Rate the project's own packages, and a new one of each kind."""
    place, paths = tmp_path_factory.mktemp("scale"), [str(ROOT)]
    folders = [ROOT / "plugins" / name for name in OWN if find_spec(NEEDS.get(name, "json"))]
    folders += [DOCS / "examples" / name for name in EXAMPLES]
    (place / "agenthost.toml").write_text(SEPARATE)
    for kind in KINDS:
        project = NewProject.named(f"my-{kind}", kind)
        project.write(place)
        folders.append(place / project.name)
    package = place / "agenthost-my-skill" / "src" / "agenthost_my_skill"
    (package / "agenthost-scale.toml").write_text(
        '[exempt]\nG08 = "its changes are in the log of the team"\nG01 = ""\n'
    )
    (place / "agenthost-my-skill" / "CHANGELOG.md").unlink()
    for folder in folders:
        source, directory = read_source(str(folder)), place / f"metadata-{folder.name}"
        directory.mkdir()
        Overlay(directory).write(source)
        paths += [str(directory), *source.paths]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "AGENTHOST_STATE_DIR": str(place / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "agenthost", "check", "--scale", "--json"],
        cwd=place,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {each["package"]: each for each in json.loads(done.stdout)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*OWN, *(f"agenthost-{each}" for each in (*EXAMPLES, *(f"my-{kind}" for kind in KINDS)))]
)
def test_own_and_new_packages_are_gold_or_better(name, ratings):
    if name not in ratings:
        pytest.skip(f"{NEEDS[name]} is not installed")

    assert LEVELS.index(ratings[name]["level"]) >= LEVELS.index("gold"), ratings[name]["missing"]


@pytest.mark.slow
def test_a_package_is_exempt_with_a_reason(ratings):
    """The reason is shown, and an empty one does not count."""
    assert ratings["agenthost-my-skill"]["exempt"] == [
        {"rule": "G08", "reason": "its changes are in the log of the team"}
    ]
