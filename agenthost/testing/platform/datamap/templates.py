"""Texts of data maps: ``${name.path}``, prefixes and ``@{helpers}``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import quote

__all__ = ["expand_helpers", "expand_in", "expand_texts", "look_up"]

_NAME = re.compile(r"\$\{([^{}]*)\}")
_HELPER = re.compile(r"@\{(\w++)((?:[^{}]++|\{[^{}]*+\})*+)\}")
_PIECE = re.compile(r"([^.\[\]]+)(?:\[(-?\d{1,6})\])?")
_DEEPEST = 30
_LONGEST = 65536
Root: TypeAlias = "Callable[[str], Any]"


def look_up(root: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, whose names ignore case, or None."""
    value: Any = root
    for piece in path.strip().split("."):
        found = _PIECE.fullmatch(piece)
        if found is None or not isinstance(value, Mapping):
            return None
        name = next((key for key in value if str(key).lower() == found[1].lower()), None)
        value = value[name] if name is not None else None
        if found[2] is not None:
            index = int(found[2])
            inside = isinstance(value, list) and -len(value) <= index < len(value)
            value = value[index] if inside else None
    return value


def expand_in(text: str, root: Mapping[str, Any]) -> str:
    """Expand the names and helpers of a text."""

    def replace(found: re.Match[str]) -> str:
        name, encode = found[1].strip(), False
        lower = phone = False
        while ":" in name and name.partition(":")[0].lower() in {"lc", "enc", "fmt_ph"}:
            prefix, _, name = name.partition(":")
            encode, lower = encode or prefix.lower() == "enc", lower or prefix.lower() == "lc"
            phone = phone or prefix.lower() == "fmt_ph"
        made = _printed(look_up(root, name))
        made = made.lower() if lower else made
        made = _phone(made) if phone else made
        return quote(made, safe="") if encode else made

    return expand_helpers(_NAME.sub(replace, text)[:_LONGEST], lambda name: look_up(root, name))


def expand_texts(value: Any, root: Mapping[str, Any], depth: int = 0) -> Any:
    """Expand all texts of JSON values."""
    if isinstance(value, str):
        return expand_in(value, root)
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: expand_texts(item, root, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [expand_texts(item, root, depth + 1) for item in value]
    return value


def expand_helpers(text: str, root: Root) -> str:
    """Expand the helpers ``@{…}`` of a text."""
    if "@{" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        argument = _HELPER.sub(lambda inner: _helper(inner[1], inner[2].strip()), found[2].strip())
        argument = _NAME.sub(lambda inner: _printed(root(inner[1])), argument)
        return _helper(found[1], argument)

    return _HELPER.sub(replace, text)[:_LONGEST]


def _helper(name: str, argument: str) -> str:
    match name:
        case "echo":
            return argument
        case "separate":
            return " ".join(argument)
        case "fmt_ph":
            return _phone(argument)
        case "sleep":
            return ""
        case "strftime_tz":
            _, _, form = argument.partition(" ")
            return datetime.fromtimestamp(1_767_603_600, UTC).strftime(form or "%Y-%m-%d %H:%M:%S")
        case "expr":
            return _computed(argument)
    return ""


def _computed(expression: str) -> str:
    """Compute a sum, difference, product or quotient of two numbers."""
    found = re.fullmatch(r"\s*(-?\d{1,12}(?:\.\d+)?)\s*([-+*/])\s*(-?\d{1,12}(?:\.\d+)?)\s*", expression)
    if found is None:
        return ""
    first, second = float(found[1]), float(found[3])
    if found[2] == "/" and second == 0:
        return ""
    results = {"+": first + second, "-": first - second, "*": first * second}
    return _printed(results.get(found[2], first / (second or 1)))


def _printed(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case float():
            return f"{value:.6f}"
    try:
        return json.dumps(value, ensure_ascii=False)[:_LONGEST]
    except (ValueError, RecursionError):
        return ""


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    local = digits[-10:]
    return f"({local[:3]}) {local[3:6]}-{local[6:]}" if len(local) == 10 else text
