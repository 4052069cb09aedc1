"""A check of a document against a JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from agenthost.errors import ConfigurationError
from agenthost.swml.verb_schema import within

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
        for told in within(error)
    ]


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    return error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}…"
