"""The reference describes everything that it should."""

from __future__ import annotations

import inspect
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from pages import DOCS, ROOT, blocks, section

import agenthost
from agenthost import AgentBase, errors, hookspecs
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.stages import Built, Loaded
from agenthost._host.plan.plan import make_plan
from agenthost._host.plan.routes import RESERVED_FIRST, RESERVED_LAST
from agenthost._web.front import Front

REFERENCE = DOCS / "reference"
HOOKS = [name for name in hookspecs.__all__ if hasattr(getattr(hookspecs, name), f"{hookspecs.PROJECT}_spec")]


def signature(name):
    """A hook's signature as it is written."""
    return f"def {name}{inspect.signature(getattr(hookspecs, name))}".replace("'", "")


def test_there_are_hooks():
    assert {"agents", "configure_app"} <= set(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_section_with_its_signature(name):
    assert f"```python signature\n{signature(name)}\n```" in section(REFERENCE / "hooks.md", name)


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_an_example(name):
    text = section(REFERENCE / "hooks.md", name)

    assert f"@hookimpl\ndef {name}(" in text


def test_no_hook_is_described_that_is_gone():
    shown = [block.text.strip() for block in blocks(REFERENCE / "hooks.md", "python signature")]

    assert shown == [signature(name) for name in HOOKS]


@pytest.mark.parametrize("name", agenthost.__all__)
def test_every_public_name_is_in_the_reference(name):
    pages = [page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md")]

    assert any(re.search(rf"`{name}\b", page) for page in pages)
    assert f"`{name}`" in section(REFERENCE / "index.md", "Public names")


def test_the_tree_of_exceptions_is_that_of_the_code():
    tree = (errors.__doc__ or "").partition("\n\n")[2].strip()

    assert tree in section(REFERENCE / "errors.md", "Exceptions")


@pytest.mark.parametrize(
    "name", [name for name in errors.__all__ if issubclass(getattr(errors, name), errors.AgentHostError)]
)
def test_every_exception_says_who_meets_it(name):
    assert f"\n| `{name}` |" in section(REFERENCE / "errors.md", "Exceptions")


def test_members_of_the_server_are_described():
    members = {name for name in vars(agenthost.AgentServer) if not name.startswith("_")}

    assert {name for name in members if f"| `{name}" not in section(REFERENCE / "index.md", "AgentServer")} == set()


def test_reserved_segments_are_listed():
    told = section(REFERENCE / "http.md", "Host endpoints")
    assert {segment for segment in RESERVED_FIRST | RESERVED_LAST if f"`{segment}`" not in told} == set()


def test_every_attribute_of_a_call_is_described():
    told = (REFERENCE / "http.md").read_text(encoding="utf-8").partition("\n### The Call object\n")[2]
    names = [attribute.name for attribute in agenthost.Call.__attrs_attrs__]

    assert [name for name in names if f"`{name}`" not in told] == []


def test_the_front_serves_only_what_is_described():
    from agenthost._web.doors import AGENT_ENDPOINTS  # noqa: PLC0415 - private, and only looked at

    assert Front is not None
    told = section(REFERENCE / "http.md", "Agent endpoints")
    paths = ["R" + (f"/{endpoint}" if endpoint else "") for endpoint in AGENT_ENDPOINTS]
    assert [path for path in paths if f"| `{path}` |" not in told] == []


def test_every_requirement_is_explained():
    """Each library that agenthost requires has a row with its lowest version.

    A paragraph explains the choice.
    """
    page = (DOCS / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        (requirement.name, spec.version)
        for requirement in map(Requirement, project["dependencies"])
        for spec in requirement.specifier
        if spec.operator == ">="
    }
    rows = set(re.findall(r"^\| ([\w-]+) \| ([\d.]+)[ ,]", page, re.MULTILINE))
    paragraphs = {name for names in re.findall(r"^\*\*([^*]+)\.\*\*", page, re.MULTILINE) for name in names.split(", ")}

    below = {
        (requirement.name, spec.version)
        for requirement in map(Requirement, project["dependencies"])
        for spec in requirement.specifier
        if spec.operator == "<"
    }

    assert wanted - rows == set()
    assert {name for name, _ in wanted} - paragraphs == set()
    assert set(re.findall(r"^\| ([\w-]+) \| [\d.]+, below ([\d.]+)", page, re.MULTILINE)) == below
    inner = {"litestar", "prometheus-client", "uvicorn"}  # whose inner parts the host calls or subclasses
    assert {name for name, _ in below} == inner


def test_the_guide_shows_an_alias_of_two_packages():
    """The sentence of the guide is the one that check prints."""
    offers = ("agenthost-frontdesk", "agenthost-north")
    built = [
        Built.in_code(f"{offer}:sales", AgentBase("sales", f"/{offer}", sip=("sales",)), AgentConfig(), offer)
        for offer in offers
    ]
    (warning,) = make_plan(Config(), Loaded(built=tuple(built))).warnings
    page = (DOCS / "how-to" / "resolve-a-route-conflict.md").read_text("utf-8")
    assert f"```text\nwarning: {warning}\n```" in page
