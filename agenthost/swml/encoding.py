"""The JSON encoding of a document."""

from __future__ import annotations

from typing import Any

import msgspec

from agenthost.errors import DefinitionError

__all__ = ["encode_document"]

_encode = msgspec.json.Encoder().encode


def encode_document(document: dict[str, Any]) -> bytes:
    """Encode a document.

    Raises:
        DefinitionError: a value is not JSON.
    """
    try:
        encoded = _encode(document)
    except (TypeError, ValueError, RecursionError) as error:
        raise DefinitionError(f"the document cannot be written as JSON: {error}") from error
    if b"null" in encoded:  # the encoder writes NaN and infinity as null
        _check_numbers(document)
    return encoded


def _check_numbers(value: Any) -> None:
    if isinstance(value, float) and value - value != 0:
        raise DefinitionError(f"the document cannot be written as JSON: it has the number {value}")
    if isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_numbers(inner)
