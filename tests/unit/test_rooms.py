"""The rooms of the package: size, place on the map, and cost of import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DOCS

import agenthost

PACKAGE = Path(agenthost.__file__).parent
DOCUMENTS = PACKAGE / "_docs"
"""The documentation in the wheel, whose examples are packages of their own."""
ROOMS = sorted(
    path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE and DOCUMENTS not in path.parents
)
MOST_FILES = 13
FILE_PER_COMMAND = "_cli"


def name_of(room):
    """The room's name below ``agenthost``, with dots."""
    return ".".join(room.relative_to(PACKAGE).parts)


@pytest.mark.parametrize("room", [PACKAGE, *ROOMS], ids=lambda room: name_of(room) or "agenthost")
def test_no_room_is_a_hall(room):
    """A room with more files than a glance takes in is two rooms."""
    files = [path.name for path in room.glob("*.py") if path.name != "__init__.py"]

    assert name_of(room) == FILE_PER_COMMAND or len(files) <= MOST_FILES


def test_the_map_lists_the_rooms():
    """architecture.md lists each room with the first sentence of its docstring."""
    page = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
    listed = page.partition("| room | purpose |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    sentences = {
        f"| `{name_of(room)}` | {ast.get_docstring(ast.parse((room / '__init__.py').read_text('utf-8')))} |"
        for room in ROOMS
    }

    assert {line.partition("\n")[0].replace("``", "`").removesuffix(" |") + " |" for line in sentences} == set(listed)


def test_the_drawing_shows_the_rooms():
    """The drawing has every room and file on the first two levels.

    It has nothing else.
    """
    page = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
    drawing = page.partition("```text\n")[2].partition("```")[0]
    drawn = {word for line in drawing.splitlines() for word in line.partition("the roof")[0].split() if word != "│"}
    there = {
        path.stem
        for folder in (PACKAGE, PACKAGE / "_host", PACKAGE / "_web")
        for path in folder.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }

    assert there == drawn


@pytest.mark.slow
def test_importing_agenthost_is_cheap():
    """The public names are there before anything behind them is imported."""
    code = "import sys, agenthost; dir(agenthost); print(*(m for m in sys.modules if m.startswith('agenthost')))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert sorted(printed.stdout.split()) == ["agenthost", "agenthost._version"]
