"""The reference of ``agenthost.testing``, and the types of its examples."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from mypy import api
from pages import DOCS, blocks, title, write

import agenthost
from agenthost import testing
from agenthost.testing import platform, scenarios

PAGE = DOCS / "reference" / "testing.md"
TYPED = (PAGE, DOCS / "reference" / "scenarios.md", *sorted((DOCS / "how-to").glob("test-*.md")))
"""Pages whose examples pass mypy in strict mode."""

VALUES = [
    "AsyncConversation",
    "AsyncHermeticHost",
    "AsyncHostCall",
    "Clock",
    "Conversation",
    "Expectations",
    "HermeticHost",
    "HostCall",
    "Response",
    "TextReply",
]
"""The values that a test uses."""


ROOMS = {
    testing: PAGE,
    platform: DOCS / "reference" / "simulated-platform.md",
    scenarios: DOCS / "reference" / "scenarios.md",
}
"""The packages of the test support that authors import from, each with its page."""


def documented(page=PAGE):
    return set(re.findall(r"`(?:await )?([A-Za-z_]\w*)", page.read_text("utf-8")))


@pytest.mark.parametrize("package", ROOMS, ids=lambda package: package.__name__)
def test_every_public_name_is_documented(package):
    assert set(package.__all__) - documented(ROOMS[package]) == set()


@pytest.mark.parametrize("name", VALUES)
def test_every_member_is_documented(name):
    """The methods and properties of the values that tests use."""
    kind = getattr(testing, name)
    members = {member for member, _ in inspect.getmembers(kind) if not member.startswith("_")}

    assert members <= documented()


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED, ids=title)
def test_examples_are_typed(page, tmp_path, types_cache, monkeypatch):
    """Authors need no ignore and no cast."""
    monkeypatch.setenv("MYPYPATH", f"{Path(agenthost.__file__).parents[1]}:{tmp_path}")
    files = [file for file in write(page, tmp_path) if file.suffix == ".py"]
    for number, block in enumerate(block for block in blocks(page, "python") if not block.file):
        path = tmp_path / f"block_{number}.py"
        path.write_text(block.text, "utf-8")
        files.append(path)
    output, errors, _ = api.run(
        ["--strict", "--no-error-summary", "--config-file=", f"--cache-dir={types_cache}", *map(str, files)]
    )

    assert (output, errors) == ("", "")
