"""The host leaves the random numbers of a program alone, which its tests may repeat."""

from __future__ import annotations

import ast

from pages import ROOT

OWN = {"Random", "SystemRandom"}


def test_no_part_of_the_host_uses_the_generator_of_the_program():
    """Hypothesis refuses a strategy beside which it changes."""
    used = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.attr}"
        for path in (ROOT / "agenthost").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "random"
        and node.attr not in OWN
    ]

    assert used == []
