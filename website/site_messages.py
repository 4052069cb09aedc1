"""The page of messages that have a fix, read from the source.

A search for the words of a message finds it there.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["messages", "render"]

_PACKAGE = Path(__file__).parents[1] / "agenthost"
_MARK = "fix: "
_LEAD = """# Messages

The messages of agenthost that end with a fix. `…` stands for what varies. [Errors](reference/errors.md) explains
exceptions, exit codes and the reasons for quarantine, and [Checks](reference/checks.md) the findings about sources.

| message | fix | printed by |
|---|---|---|
"""


def messages() -> list[tuple[str, str, str]]:
    """Return each message with its fix and the module that prints it, in order."""
    found = set()
    for path in _PACKAGE.rglob("*.py"):
        module = ".".join(("agenthost", *path.relative_to(_PACKAGE).with_suffix("").parts))
        for text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
            message, mark, fix = text.partition(_MARK)
            if mark and re.search(r"\w", message):
                found.add((_short(message), _short(fix) or "…", module.removesuffix(".__init__")))
    return sorted(found)


def render() -> str:
    """Return the text of the page."""
    rows = (f"| `{message}` | `{fix}` | {module} |\n" for message, fix, module in messages())
    return _LEAD + "".join(rows)


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the literal texts of a module, those with values as a whole."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def _short(text: str) -> str:
    """Return a text for a cell, on one line and without its full stop."""
    return " ".join(text.split()).strip(" .,;").replace("|", "¦").replace("`", "'")
