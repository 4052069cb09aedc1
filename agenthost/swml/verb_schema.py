"""The schema of SWML's verbs, but for the model's, which the platform changes too often."""

# No pathlib and no importlib.resources: every cold start would pay for them.
# ruff: noqa: PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["verb_problem", "within"]

_LONGEST = 200


def verb_problem(name: str, config: Any) -> str | None:
    """Return the reason why a configuration does not fit a verb, or None.

    A verb that the schema does not describe fits. So does a text with a ``${variable}`` in place of another type.
    """
    validator = _validators().get(name) or _described(name)
    if validator is None:
        return None
    for error in validator.iter_errors({name: config}):
        for actual in within(error):
            place = "/".join(map(str, list(actual.instance_path)[1:]))
            message = actual.message if len(actual.message) <= _LONGEST else f"{actual.message[:_LONGEST]}…"
            return f"{place}: {message}" if place else message
    return None


def within(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Yield the actual errors behind an error.

    If none of several schemas fits, as for every verb of a document, the one that fits down to the deepest place is
    meant, and its own errors are the actual ones.
    """
    branches = [branch for branch in getattr(error.kind, "context", ()) if branch]
    depths = [min(len(inner.instance_path) for inner in branch) for branch in branches]
    deepest = max(depths, default=0)
    if deepest <= len(error.instance_path):
        yield error
        return
    for inner in branches[depths.index(deepest)]:
        yield from within(inner)


@cache
def _validators() -> dict[str, Any]:
    return {}


@cache
def _schema() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "verbs.json"), encoding="utf-8") as file:
        read: dict[str, Any] = json.load(file)
    return read


def _described(name: str) -> Any:
    schema = _schema()
    if name not in schema["verbs"]:
        return None
    root = {"$ref": f"#/$defs/{schema['verbs'][name]}", "$defs": schema["$defs"]}
    validator = _validators()[name] = jsonschema_rs.Draft202012Validator(root)
    return validator
