"""A document as the platform reads it: JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from agenthost.errors import DefinitionError

__all__ = ["encode_document"]

_encode = msgspec.json.Encoder().encode


def encode_document(document: dict[str, Any]) -> bytes:
    """Encode a document.

    Raises:
        DefinitionError: it holds something that JSON cannot carry.
    """
    try:
        encoded = _encode(document)
    except (TypeError, ValueError, RecursionError) as error:
        raise DefinitionError(f"the document cannot be written as JSON: {error}") from error
    if b"null" in encoded:  # which is what the encoder makes of such numbers
        _check_numbers(document)
    return encoded


def _check_numbers(value: Any) -> None:
    if isinstance(value, float) and value - value != 0:
        raise DefinitionError(f"the document cannot be written as JSON: it holds the number {value}")
    if isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_numbers(inner)
