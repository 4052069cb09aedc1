"""A check of a document against a JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lint"]

_LONGEST = 200
"""The longest finding, in characters. A message may contain the whole wrong value."""


def lint(document: Any, schema: str) -> list[str]:
    """Return the violations of a schema by a document, a line each.

    Raises:
        ConfigurationError: the schema cannot be read.
    """
    try:
        validator = jsonschema_rs.validator_for(json.loads(Path(schema).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        msg = f"{schema}: not a JSON Schema: {error}"
        raise ConfigurationError(msg) from error
    return [
        f"{'/'.join(map(str, told.instance_path)) or 'document'}: {_sentence(told)}"
        for error in validator.iter_errors(document)
        for told in _within(error)
    ]


def _within(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
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
        yield from _within(inner)


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    return error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}…"
