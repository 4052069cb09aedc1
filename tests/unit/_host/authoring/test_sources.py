"""Sources: what a file, a folder and a key name."""

from __future__ import annotations

import sys

import pytest

from agenthost._discovery import AGENTS, PLUGINS, SKILLS, discover
from agenthost._host.authoring.overlay import overlaid
from agenthost._host.authoring.sources import read_source

PROJECT = """
[project]
name = "acme-shop"
version = "2.0"
dependencies = ["httpx>=0.28; python_version >= '3.11'"]
optional-dependencies = {caldav = ["caldav>=1"]}
[project.entry-points."agenthost.agents"]
shop = "acme_shop.agents:Shop"
[project.entry-points."agenthost.skills"]
till = "acme_till:Till"
[project.entry-points.pytest11]
other = "acme_shop:other"
"""
AGENT_FILE = """
import agenthost
from agenthost import AgentBase, Router as Desk

class _Hidden(AgentBase): ...
class Base(AgentBase): ...
class SalesDesk(Base): ...
class ReturnsAgent(agenthost.AgentBase): ...
class Local(AgentBase): ...
made = Local("made")
number = int("3")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_agents_of_a_file_are_found_without_importing_it(here):
    (here / "shop.py").write_text(AGENT_FILE)

    assert read_source("shop.py").entry_points == {
        AGENTS: {"sales-desk": "shop:SalesDesk", "returns": "shop:ReturnsAgent", "made": "shop:made"}
    }


def test_a_file_of_hooks_is_a_plugin(here):
    """It may have agents, too."""
    (here / "branches.py").write_text("@hookimpl\ndef agents(): ...\n")
    (here / "both.py").write_text("@agenthost.hookimpl\nasync def lifespan(host): ...\nclass A(AgentBase): ...\n")

    assert read_source("branches.py").entry_points == {PLUGINS: {"branches": "branches"}}
    assert read_source("both.py").entry_points == {AGENTS: {"both": "both:A"}, PLUGINS: {"both": "both"}}


@pytest.mark.parametrize(
    ("target", "entries"),
    [
        ("agenthost_shop.py:Shop", {"shop": "agenthost_shop:Shop"}),
        ("agenthost_shop.py", {"agenthost-shop": "agenthost_shop"}),
    ],
    ids=["named", "cannot be parsed"],
)
def test_a_single_agent_has_the_name_of_its_file(here, target, entries):
    (here / "agenthost_shop.py").write_text("class Shop(:")

    source = read_source(target)
    assert source.entry_points == {AGENTS: entries}
    assert (source.paths, source.watched) == ((str(here),), (str(here),))


@pytest.mark.parametrize("folder", ["src", "."])
def test_a_project_is_read_from_its_metadata(here, folder):
    (here / "pyproject.toml").write_text(PROJECT)
    (here / folder / "acme_shop").mkdir(parents=True)
    (here / folder / "acme_till.py").write_text("")

    source = read_source(None)
    assert (source.name, source.version) == ("acme-shop", "2.0")
    assert source.entry_points == {AGENTS: {"shop": "acme_shop.agents:Shop"}, SKILLS: {"till": "acme_till:Till"}}
    assert source.paths == (str((here / folder).resolve()),)
    assert source.requires == ("httpx>=0.28; python_version >= '3.11'", "caldav>=1 ; extra == 'caldav'")
    assert str(here / "pyproject.toml") in source.watched


@pytest.mark.parametrize(
    ("target", "project", "problem"),
    [
        (None, None, "pyproject.toml: there is no such file. fix: name a Python file with an agent, or run agenthost"),
        (None, "[project", "pyproject.toml: "),
        (None, "[tool.x]\n", "pyproject.toml: there is no [project] with a name. fix: write [project]"),
        (None, "[project]\nname = 5\n", "pyproject.toml: there is no [project] with a name. fix: write [project]"),
        (
            None,
            '[project]\nname = "x"\n[project.entry-points]\n"agenthost.agents" = "x:Agent"\n',
            "the entry points of agenthost.agents are not a table of texts. fix: [project.entry-points",
        ),
        (
            None,
            '[project]\nname = "x"\n[project.entry-points."agenthost.agents"]\nx = ["x:Agent"]\n',
            "the entry points of agenthost.agents are not a table of texts. fix: ",
        ),
        (
            None,
            '[project]\nname = "x"\n',
            "pyproject.toml: nothing is offered to agenthost. fix: [project.entry-points",
        ),
        (None, PROJECT, "module 'acme_shop' of an entry point is neither below src nor beside the file"),
        ("no.py", None, "no.py: there is no such Python file"),
        (
            "empty.py",
            None,
            "empty.py: there is no agent and no hook in it. fix: write class Agent(AgentBase), or name an object",
        ),
        ("json.py", None, "json.py: its name is that of the module json of Python. fix: rename the file"),
        ("attrs.py", None, "attrs.py: its name is that of the module attrs in "),
        ("no-such-key", None, "'no-such-key' is neither a file, nor a folder, nor an installed package. Installed: "),
    ],
)
def test_what_cannot_be_served_is_explained(here, target, project, problem):
    for name in ("empty", "json", "attrs"):
        (here / f"{name}.py").write_text("")
    if project is not None:
        (here / "pyproject.toml").write_text(project)

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its words are compared below
        read_source(target)
    assert problem in str(refused.value)


def test_a_source_is_found_as_if_it_was_installed(here):
    """The metadata changes with each edit, and goes with the block."""
    (here / "pyproject.toml").write_text(PROJECT)
    (here / "acme_shop").mkdir()
    (here / "acme_till.py").write_text("")
    source = read_source(".")
    before = sys.path[:]
    with overlaid(source) as overlay:
        [offer] = [each for each in discover((AGENTS,)) if each.distribution == "acme-shop"]
        first = (overlay.directory / "acme_shop-2.0.dist-info" / "entry_points.txt").read_text()
        overlay.write(source)
        assert (overlay.directory / "acme_shop-2.0.dist-info" / "entry_points.txt").read_text() != first

        assert (offer.name, offer.value, offer.version) == ("shop", "acme_shop.agents:Shop", "2.0")
        assert sys.path[:2] == [str(overlay.directory), str(here)]
    assert sys.path == before
    assert not overlay.directory.exists()
