"""Mistakes of authors: each is printed as docs/reference/checks.md says, with its fix."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from mistakes import MISTAKES
from pages import DOCS, ROOT, section

from agenthost._host.authoring.findings import RULES

pytestmark = pytest.mark.slow

PAGE = DOCS / "reference" / "checks.md"
ROWS = dict(
    re.findall(
        r"^\| `([\w-]+)` \| (.*) \|$", "\n".join(section(PAGE, name) for name in ("Failures", "Findings")), re.MULTILINE
    )
)
_INSTALLERS = re.compile(r"uv pip install (?:--python \S+ )?(?:--upgrade-package \S+ )?|pip install (?:--upgrade )?")
_SKILLS = re.compile(r"(?:, skill-[\w-]+)+")
"""The other skills with mistakes, which are installed beside each other."""


def write(site, key, mistake):
    """Write a package as an editable install leaves it."""
    low = key.lower()
    module = f"mistake_{low.replace('-', '_')}"
    metadata = site / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (site / f"{module}.py").write_text(mistake["source"].replace("{key}", low), mistake.get("encoding", "utf-8"))
    requires = "".join(f"Requires-Dist: {each}\n" for each in mistake.get("requires", ()))
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: mistake-{low}\nVersion: 1.0\n{requires}")
    (metadata / "direct_url.json").write_text('{"dir_info": {"editable": true}}')
    value = mistake.get("value", "{module}:Agent").replace("{module}", module)
    line = f"{mistake.get('name', low)} = {value}\n"
    group = mistake.get("group", "agenthost.agents")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{line * (1 + bool(mistake.get('again')))}")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Return the lines that ``check`` prints, by distribution."""
    site = tmp_path_factory.mktemp("site")
    for key, mistake in MISTAKES.items():
        write(site, key, mistake)
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}", "AGENTHOST_STATE_DIR": str(site / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "agenthost", "check", "--json"],
        cwd=site,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    told = {}
    for row in (*report["agents"], *report["plugins"], *report["parts"]):
        if "reason" in row:
            told[row["package"]] = (
                f"`{_SKILLS.sub('', row['reason'])}` | `{_INSTALLERS.sub('pip install ', row['remedy'])}`"
            )
    for line in (*report["findings"], *report["warnings"]):
        found = re.match(
            r"(?:mistake[-_])?(?P<key>[\w-]+?)(?:\.py:\d+)?: (?P<rule>A\d+) (?P<text>.*?)\.? fix: (?P<fix>.*)", line
        )
        if found:
            told.setdefault(
                f"mistake-{found['key'].replace('_', '-')}", f"`{line.partition(' fix: ')[0]}` | `{found['fix']}`"
            )
    return told


@pytest.mark.parametrize("key", MISTAKES)
def test_a_mistake_is_printed_as_the_page_says(key, printed):
    assert ROWS[key] == printed[f"mistake-{key.lower()}"]


def test_the_page_lists_nothing_else():
    assert sorted(ROWS) == sorted(MISTAKES)
    assert {key for key in MISTAKES if re.fullmatch(r"A\d+", key)} | {"A110", "A111", "A112"} == set(RULES)
