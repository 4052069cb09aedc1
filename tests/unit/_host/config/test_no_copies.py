"""Constructors keep no copy of a setting that a reload can change.

Limits have one source.
"""

from __future__ import annotations

import ast
from pathlib import Path

import attrs
import pytest

import agenthost
from agenthost._host.config.declaration import LIVE, Table, keys_of
from agenthost._host.config.limits import Limits
from agenthost._host.config.schema import Config

PACKAGE = Path(agenthost.__file__).parent
MODULES = [path for room in ("_host", "_web") for path in sorted((PACKAGE / room).rglob("*.py"))]
REMADE = {PACKAGE / "_host" / "telemetry" / "secrets" / "redactor.py"}
"""Made anew with every reload, by ``start_logging``."""
CHANGING = {
    name: {key.argument for key in keys_of(type(table)).values() if key.effect == LIVE}
    for name, table in attrs.asdict(Config(), recurse=False).items()
    if isinstance(table, Table)
} | {"agents": set(), "workflows": set()}
"""By table, the keys that a reload changes."""


class Copies(ast.NodeVisitor):
    """A visitor that finds settings read in a constructor and not where they are used."""

    def __init__(self):
        self.found = []

    def visit(self, node):
        if isinstance(node, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)):
            return  # called later
        if _is_table(node):
            self.found.append(ast.unparse(node))
        elif not (isinstance(node, ast.Attribute) and _is_table(node.value) and node.attr not in _changing(node.value)):
            self.generic_visit(node)


def _changing(table):
    return CHANGING[table.attr]


def _is_table(node):
    """Return whether something is such as ``runtime.config.host``."""
    base = node.value if isinstance(node, ast.Attribute) and node.attr in CHANGING else None
    return getattr(base, "attr", getattr(base, "id", "")) in ("config", "_config")


def copies(tree):
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name in ("__init__", "__attrs_post_init__"):
            finder = Copies()
            for statement in function.body:
                finder.visit(statement)
            yield from finder.found


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path not in REMADE], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_constructor_copies_no_setting(path):
    assert list(copies(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("self.most = runtime.config.host.max_body", ["runtime.config.host"]),
        ("self._settings = config.conversation", ["config.conversation"]),
        ("self.most = lambda: config.host.max_body", []),
        ("self.where = config.host.state_dir", []),
        ("self.config = config", []),
    ],
)
def test_what_counts_as_a_copy(line, found):
    assert list(copies(ast.parse(f"def __init__(self, config):\n    {line}"))) == found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_limits_are_read_through_limits(path):
    """An agent's own limit counts everywhere, because nobody reads the host's."""
    limits = {each.name for each in attrs.fields(Limits)}
    read = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in limits
        if ast.unparse(node.value).rpartition(".")[2] in ("host", "config", "section")
    ]
    assert read == []
