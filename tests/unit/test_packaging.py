"""Packaging: what every distribution of this checkout has, and the workflow that releases it."""

from __future__ import annotations

import tomllib

import pytest
import yaml
from pages import ROOT

PROJECTS = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_distribution_is_complete(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = "agenthost" if folder == ROOT else project["name"]

    assert (folder / name.replace("-", "_") / "py.typed").is_file()
    assert (folder / "LICENSE").read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "## [Unreleased]" in (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (project["readme"], project["license"]) == ("README.md", "Apache-2.0")
    assert {"Typing :: Typed", "Development Status :: 4 - Beta"} <= set(project["classifiers"])
    assert project["requires-python"] == ">=3.11"


def test_a_release_publishes_what_was_built_and_checked_with_attestations():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]

    assert workflow["permissions"] == {"contents": "read"}
    assert "tox -e build" in [step.get("run") for step in build["steps"]]
    assert (publish["needs"], publish["permissions"]["id-token"]) == ("build", "write")
    assert publish["steps"][-1]["with"] == {"attestations": True}
    assert "[testenv:build]" in (ROOT / "tox.ini").read_text(encoding="utf-8")
