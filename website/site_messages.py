"""The page of messages, with a fix or of exceptions, read from the source.

A search for the words of a message finds it there.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["messages", "render"]

_PACKAGE = Path(__file__).parents[1] / "agenthost"
_MARK = "fix: "
_EXCEPTIONS = {
    *re.findall(r"^class (\w+)\(", (_PACKAGE / "errors.py").read_text(encoding="utf-8"), re.MULTILINE),
    "UsageError",
}
_LEAD = """# Messages

The messages of agenthost: those that end with a fix, and those of its exceptions. `…` stands for what varies.
[Errors](reference/errors.md) explains exceptions, exit codes and the reasons for quarantine, and
[Checks](reference/checks.md) the findings about sources.

| message | fix | printed by |
|---|---|---|
"""


@cache
def messages() -> list[tuple[str, str, str]]:
    """Return each message with its fix and the module that prints it, in order."""
    found = set()
    for path in _PACKAGE.rglob("*.py"):
        module = ".".join(("agenthost", *path.relative_to(_PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        raised = set(_raised(tree))
        for text in _texts(tree):
            message, mark, fix = text.partition(_MARK)
            if (mark or text in raised) and re.search(r"\w{2}", message.replace("…", "")):
                found.add((_short(message), _short(fix) or ("…" if mark else "–"), module))
    return sorted(found)


def render() -> str:
    """Return the text of the page."""
    rows = (f"| `{message}` | `{fix}` | {module} |\n" for message, fix, module in messages())
    return _LEAD + "".join(rows)


def _raised(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of exceptions of agenthost, and of wrong commands."""
    named: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(_text(node.value))
    for node in ast.walk(tree):
        called = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(called, ast.Call) and called.args and ast.unparse(called.func).rpartition(".")[2] in _EXCEPTIONS:
            first = called.args[0]
            yield from named.get(first.id, ()) if isinstance(first, ast.Name) else (_text(first),)


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the literal texts of a module, those with values as a whole, without docstrings."""
    others = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    others |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) not in others and (text := _text(node)):
            yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _short(text: str) -> str:
    """Return a text for a cell, on one line and without its full stop."""
    return " ".join(text.split()).strip(" .,;").replace("|", "¦").replace("`", "'")
