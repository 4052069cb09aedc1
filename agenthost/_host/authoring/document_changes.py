"""Changes of an agent's document between two versions of its code, for people."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["document_changes"]

_NAMES = ("function", "title", "name")
"""Keys whose values identify an object in a list."""
_MOST = 60
"""The most characters of a value that is shown."""
_DIFFER = re.compile(r"(?<=__token=)[\w.=-]+|(?<=//)[^/@\s]+(?=@)")
"""Tokens and credentials in URLs, which differ in every document."""


def document_changes(before: Any, after: Any, path: str = "") -> list[str]:
    """Return a line for each value that was added, removed or changed."""
    if isinstance(before, list) and isinstance(after, list):
        before, after = _by_name(before), _by_name(after)
        paths = {name: f"{path}[{name}]" for name in (*before, *after)}
    elif isinstance(before, dict) and isinstance(after, dict):
        paths = {name: f"{path}.{name}" if path else name for name in (*before, *after)}
    else:
        old, new = _text(before), _text(after)
        return [] if old == new else [f"~ {path}: {old} → {new}"]
    lines = []
    for name, below in paths.items():
        if name not in after:
            lines.append(f"- {below}: {_text(before[name])}")
        elif name not in before:
            lines.append(f"+ {below}: {_text(after[name])}")
        else:
            lines += document_changes(before[name], after[name], below)
    return lines


def _text(value: Any) -> str:
    text = _DIFFER.sub("…", json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _by_name(items: list[Any]) -> dict[str, Any]:
    """Return the items of a list by their names, else by their numbers."""
    names = [_name(item, number) for number, item in enumerate(items)]
    unique = len(set(names)) == len(names)
    return {name if unique else str(number): item for number, (name, item) in enumerate(zip(names, items, strict=True))}


def _name(item: Any, number: int) -> str:
    if isinstance(item, dict):
        return next((str(item[name]) for name in _NAMES if isinstance(item.get(name), str)), str(number))
    return str(number)
