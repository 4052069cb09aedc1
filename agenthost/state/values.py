"""Values: JSON, checked so that a read returns exactly the written value."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost.errors import StateRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST_VALUE", "checked_integer", "checked_ttl", "decode", "encode"]

MOST_VALUE = 256 * 1024
"""The longest value, in bytes of JSON."""
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1
_DAYS = 86400
_MOST_TTL = 3650 * _DAYS
_PLAIN = frozenset({str, bool, type(None)})
"""Types whose values are all JSON."""

_encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
"""Decodes a value."""


def encode(value: Any) -> bytes:
    """Encode a value as JSON.

    Raises:
        StateRefused: the value is not exactly JSON, or has more than ``MOST_VALUE`` bytes.
    """
    try:
        _check(value)
        encoded = _encode(value)
    except RecursionError:
        raise StateRefused("a value must be JSON, but this one is nested too deeply, or contains itself.") from None
    except UnicodeEncodeError:
        raise StateRefused("a value must be JSON, but this one has text with a lone surrogate.") from None
    if len(encoded) > MOST_VALUE:
        raise StateRefused(f"a value may have {MOST_VALUE} bytes of JSON, and this one has {len(encoded)}.")
    return encoded


def _check(value: Any) -> None:
    kind = type(value)
    if kind in _PLAIN:
        return
    if kind is dict:
        for name in value:
            if type(name) is not str:
                raise StateRefused(f"a value must be JSON: names in an object are text, not {type(name).__name__}.")
        _check_all(value.values())
    elif kind in (list, tuple):
        _check_all(value)
    elif kind is int:
        checked_integer(value)
    elif kind is not float:
        raise StateRefused(
            f"a value must be JSON: text, numbers, True, False, None, lists, dicts, not {kind.__name__}."
        )
    elif not isfinite(value):
        raise StateRefused("a value must be JSON, which has neither NaN nor infinity.")


def _check_all(values: Iterable[Any]) -> None:
    for value in values:
        if type(value) not in _PLAIN:
            _check(value)


def checked_integer(value: int) -> int:
    """Check and return an integer.

    Raises:
        StateRefused: the value is not an integer, or has more than 64 bits.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise StateRefused(f"an integer is needed, not {type(value).__name__}.")
    if not LEAST_INTEGER <= value <= MOST_INTEGER:
        raise StateRefused("an integer may have 64 bits, and this one has more. fix: store it as text.")
    return value


def checked_ttl(ttl: float | None) -> float | None:
    """Check and return a time to live, in seconds.

    Raises:
        StateRefused: the value is not a number of seconds above 0, up to ten years.
    """
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int | float) or not 0 < ttl <= _MOST_TTL):
        raise StateRefused(f"ttl must be a number of seconds above 0, up to {_MOST_TTL}, not {ttl!r}.")
    return ttl
