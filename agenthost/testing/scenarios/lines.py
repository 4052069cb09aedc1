"""Lines of keys in a TOML file, for errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["lines_of"]

_HEADER = re.compile(r"\s*+(\[\[?)([\w.\"' \t-]++)\]\]?\s*+(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\"'.-]+?)\s*=")
_LONG = ('"""', "'''")


def lines_of(text: str) -> Mapping[str, int]:
    """Return the line of each table and key by its path, such as ``turn[1].user``."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, closing, depth = "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        header = _HEADER.match(line) if depth <= 0 else None
        if header is not None:
            table = _path(header[2].strip(), counts, repeated=header[1] == "[[")
            found.setdefault(table, number)
            continue
        key = _KEY.match(line) if depth <= 0 else None
        if key is not None:
            found.setdefault(f"{table}.{key[1]}".lstrip("."), number)
        opened = next((mark for mark in _LONG if line.count(mark) % 2), "")
        closing = opened
        depth += 0 if opened else _opened(line)
    return found


def _path(name: str, counts: dict[str, int], *, repeated: bool) -> str:
    """Return the path of a table, with the present numbers of arrays above it."""
    parts, path = [part.strip(" \"'") for part in name.split(".")], ""
    for position, part in enumerate(parts):
        path = f"{path}.{part}".lstrip(".")
        last = position == len(parts) - 1
        if last and repeated:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path


def _opened(line: str) -> int:
    """Return the number of brackets that a line leaves open, outside of texts."""
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*", "", line)
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
