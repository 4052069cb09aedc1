"""Checks of an action's arguments, made at the author's call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["boolean", "filled", "given", "instance", "one_of", "spoken_form", "whole_number"]

_VARIABLE = re.compile(r"[$%]\{.*\}", re.DOTALL)
_DIGITS = re.compile(r"-?[0-9]+")


def instance(name: str, value: object, kind: type | tuple[type, ...], meant: str) -> None:
    """Reject a value of another type.

    Args:
        name: Name of the argument, for errors.
        value: The value.
        kind: The type or types that are allowed.
        meant: The expected value, in words ("a string").

    Raises:
        TypeError: The value is not of that type.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {meant}, not {type(value).__name__}")


def filled(name: str, value: object, meant: str) -> None:
    """Reject anything but a non-empty text.

    Args:
        name: Name of the argument, for errors.
        value: The value.
        meant: The expected value, in words ("the name of a voice").

    Raises:
        DefinitionError: The value is not text, or is blank.
    """
    if not isinstance(value, str) or not value.strip():
        raise DefinitionError(f"{name} must be {meant}; got {value!r}")


def one_of(name: str, value: object, allowed: Collection[str]) -> None:
    """Reject a value that is not one of the allowed words.

    Raises:
        DefinitionError: The value is not one of the allowed words.
    """
    if value not in allowed:
        raise DefinitionError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")


def whole_number(name: str, value: object, *, at_least: int | None = None) -> int | str:
    """Return an integer, or a platform variable that will hold one.

    Args:
        name: Name of the argument.
        value: An int, a float without a fraction, decimal digits, or a variable such as ``${args.count}``.
        at_least: The smallest number allowed.

    Raises:
        DefinitionError: The value is none of these, or too small.
    """
    number: int | None = None
    if isinstance(value, str):
        text = value.strip()
        if _VARIABLE.fullmatch(text):
            return text
        if _DIGITS.fullmatch(text):
            number = int(text)
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number is None or (at_least is not None and number < at_least):
        wanted = "an integer" if at_least is None else f"an integer of at least {at_least}"
        raise DefinitionError(f"{name} must be {wanted}; got {value!r}")
    return number


def boolean(name: str, value: object) -> bool | str:
    """Return a boolean, or a platform variable that will hold one.

    Args:
        name: Name of the argument.
        value: A bool, ``"true"`` or ``"false"`` in any case, or a variable such as ``${args.ok}``.

    Raises:
        DefinitionError: The value is none of these.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value.strip()
        if _VARIABLE.fullmatch(text):
            return text
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
    raise DefinitionError(f"{name} must be true or false; got {value!r}")


def spoken_form(value: bool | int | str) -> str:  # noqa: FBT001 - the value, not an option
    """Return a number or boolean as the text that SWML's ``pay`` requires."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def given(**options: Any) -> dict[str, Any]:
    """Return the options that are set, neither ``None`` nor empty."""
    return {
        name: value
        for name, value in options.items()
        if value is not None and (value or not isinstance(value, (str, list, tuple)))
    }
