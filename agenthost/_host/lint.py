"""Holding a document against a JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from agenthost.errors import ConfigurationError

__all__ = ["lint"]


def lint(document: Any, schema: str) -> list[str]:
    """What a schema has against a document, a line each.

    Args:
        document: JSON values.
        schema: path of a JSON Schema.

    Raises:
        ConfigurationError: the schema cannot be read.
    """
    try:
        validator = jsonschema_rs.validator_for(json.loads(Path(schema).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        msg = f"{schema}: not a JSON Schema: {error}"
        raise ConfigurationError(msg) from error
    return [
        f"{'/'.join(map(str, error.instance_path)) or 'document'}: {error.message}"
        for error in validator.iter_errors(document)
    ]
