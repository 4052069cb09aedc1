"""Variables in texts: ``${…}`` and ``%{…}`` over scopes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost.testing.platform.swml.javascript import ScriptError, as_text, evaluate, member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ScriptError", "as_text", "expand", "expand_all", "find_path", "json_size", "resolve_in"]

_PATH = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[\w$-]+|\[-?\d+\])*")
_PIECE = re.compile(r"[\w$-]+")
_DEEPEST = 40
Resolve: TypeAlias = "Callable[[str], Any]"


def expand(text: str, resolve: Resolve, *, most: int = 65536) -> Any:
    """Replace the variables of a text.

    A text that is one variable keeps the type of its value.

    Args:
        text: the text.
        resolve: returns the value of an expression, None if it is missing.
        most: the most characters of the result. The rest is cut off.
    """
    pieces = list(_pieces(text))
    if len(pieces) == 1 and pieces[0][0]:
        value = resolve(pieces[0][1])
        return "" if value is None else value
    whole, length = [], 0
    for variable, piece in pieces:
        value = resolve(piece) if variable else piece
        written = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else as_text(value)
        whole.append(written[: most - length])
        length += len(whole[-1])
        if length >= most:
            break
    return "".join(whole)


def expand_all(value: Any, resolve: Resolve, *, most: int = 65536, depth: int = 0) -> Any:
    """Replace the variables in all texts of JSON values."""
    if isinstance(value, str):
        return expand(value, resolve, most=most)
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: expand_all(item, resolve, most=most, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [expand_all(item, resolve, most=most, depth=depth + 1) for item in value]
    return value


def find_path(source: str, root: Callable[[str], Any]) -> tuple[bool, Any]:
    """Look a plain path up. The first value is false for other expressions."""
    source = source.strip()
    if not _PATH.fullmatch(source):
        return False, None
    first, *rest = _PIECE.findall(source)
    value = root(first)
    for piece in rest:
        index: Any = piece
        if isinstance(value, list) and piece.lstrip("-").isdigit() and len(piece) < 10:
            index = int(piece) if int(piece) >= 0 else len(value) + int(piece)
        value = member(value, index)
    return True, value


def resolve_in(root: Callable[[str], Any]) -> Resolve:
    """Return a resolver of paths, and of JavaScript for everything else."""

    def resolve(source: str) -> Any:
        plain, value = find_path(source, root)
        return value if plain else evaluate(source, root)

    return resolve


def json_size(value: Any, most: int) -> int:
    """Return about the size of JSON values, counted no further than ``most``."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        item = waiting.pop()
        if isinstance(item, str):
            size += len(item) + 2
        elif isinstance(item, dict):
            size += 2 + sum(len(str(key)) + 2 for key in item)
            waiting += item.values()
        elif isinstance(item, list):
            size += 2
            waiting += item
        else:
            size += 4
    return size


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a text, each with whether it is a variable."""
    at = plain = 0
    while at < len(text):
        if text[at] in "$%" and text[at + 1 : at + 2] == "{" and (end := _closing(text, at + 2)) >= 0:
            if plain < at:
                yield False, text[plain:at]
            yield True, text[at + 2 : end]
            at = plain = end + 1
        else:
            at += 1
    if plain < len(text):
        yield False, text[plain:]


def _closing(text: str, start: int) -> int:
    """Return the position of the brace that closes a variable, or -1."""
    depth = 1
    for at in range(start, min(len(text), start + 4096)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    return -1
