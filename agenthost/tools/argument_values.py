"""Readers of single values.

Each returns a value in the declared type, or unchanged if no rule fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import msgspec

from agenthost.tools.swaig import MalformedRequest, decode_value

__all__ = ["SCALARS", "Alternatives", "Choices", "InTurn", "Later", "ListOf", "ObjectOf", "OrNull", "Read"]

Read: TypeAlias = Callable[[Any], Any]
"""Returns a value in the declared type."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EXACT = 2**53
"""From here on a floating point number is not the number that was written."""
_TRUTH = {"true": True, "false": False}
_encode = msgspec.json.Encoder().encode


class Later:
    """A reader that is still being made, since the schema contains itself."""

    __slots__ = ("read", "used")

    def __init__(self) -> None:
        self.read: Read | None = None
        self.used = False

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        return value if self.read is None else self.read(value)


class InTurn:
    """Several readers, one after another."""

    __slots__ = ("_readers",)

    def __init__(self, readers: tuple[Read, ...]) -> None:
        self._readers = readers

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        for read in self._readers:
            value = read(value)
        return value


class Choices:
    """One of some values: text in any case, or any of them as text."""

    __slots__ = ("_others", "_said", "_texts")

    def __init__(self, choices: list[Any]) -> None:
        self._texts = frozenset(choice for choice in choices if isinstance(choice, str))
        self._others = {_encode(choice).decode(): choice for choice in choices if not isinstance(choice, str)}
        folded: dict[str, str | None] = {}
        for text in self._texts:
            folded[text.casefold()] = None if text.casefold() in folded else text
        self._said = {fold: text for fold, text in folded.items() if text is not None}

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        if type(value) is str:
            if value in self._texts:
                return value
            said = self._said.get(value.casefold())
            if said is not None:
                return said
            return self._others.get(value.strip().lower(), value)
        if type(value) in (int, float) and self._texts and _encode(value).decode() not in self._others:
            text = _text(value)
            return text if text in self._texts else value
        return value


class OrNull:
    """A value that may be null."""

    __slots__ = ("_read", "_text")

    def __init__(self, read: Read | None, *, text: bool) -> None:
        self._read = read
        self._text = text

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        if value is None:
            return None
        if not self._text and type(value) is str and value.strip() == "null":
            return None
        return value if self._read is None else self._read(value)


class Alternatives:
    """A value that fits one of several schemas.

    It stays as it is if it fits one of them. Else the first schema that can read it is used.
    """

    __slots__ = ("_options",)

    def __init__(self, options: tuple[tuple[Callable[[Any], bool], Read | None], ...]) -> None:
        self._options = options

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        if any(fits(value) for fits, _ in self._options):
            return value
        for fits, read in self._options:
            if read is not None and fits(meant := read(value)):
                return meant
        return value


class ListOf:
    """A list, or JSON text of one."""

    __slots__ = ("_from_text", "_items", "_leading")

    def __init__(self, leading: tuple[Read | None, ...], items: Read | None, *, from_text: bool) -> None:
        self._leading = leading
        self._items = items
        self._from_text = from_text

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        if self._from_text and type(value) is str:
            value = _decoded(value, list)
        if type(value) is not list:
            return value
        leading, items = self._leading, self._items
        if not leading:
            return value if items is None else [items(item) for item in value]
        readers = [*leading, *[items] * (len(value) - len(leading))]
        return [item if read is None else read(item) for item, read in zip(value, readers, strict=False)]


class ObjectOf:
    """An object, or JSON text of one."""

    __slots__ = ("_drops", "_from_text", "_more", "_rules")

    def __init__(
        self, rules: Mapping[str, tuple[Read | None, bool]], more: Read | None, *, drops: bool, from_text: bool
    ) -> None:
        self._rules = rules
        self._more = more
        self._drops = drops
        self._from_text = from_text

    def __call__(self, value: Any) -> Any:
        """Return the value as it is meant."""
        if self._from_text and type(value) is str:
            value = _decoded(value, dict)
        return self.of(value) if type(value) is dict else value

    def of(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object as it is meant."""
        rules, meant = self._rules, {}
        for name, item in value.items():
            if name in rules:
                read, optional = rules[name]
                if item is not None or not optional:
                    meant[name] = item if read is None else read(item)
            elif not self._drops:
                meant[name] = item if self._more is None else self._more(item)
        return meant


def _decoded(text: str, kind: type) -> Any:
    """Return the value of a JSON text if it has this type, else the text."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    with suppress(MalformedRequest, UnicodeEncodeError):
        decoded = decode_value(text.encode())
        if type(decoded) is kind:
            return decoded
    return text


def _integer(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return value
    with suppress(ValueError, OverflowError):  # too many digits; an infinity
        if kind is str:
            text = value.strip()
            if _INTEGER.fullmatch(text):
                return int(text)
            number = float(text) if _NUMBER.fullmatch(text) else 0.5
            return int(number) if number.is_integer() and abs(number) < _EXACT else value
        if kind is float and value.is_integer():
            return int(value)
    return value


def _number(value: Any) -> Any:
    if type(value) is str and _NUMBER.fullmatch(value.strip()):
        number = float(value)
        return number if number - number == 0 else value  # an infinity is not a JSON number
    return value


def _boolean(value: Any) -> Any:
    return _TRUTH.get(value.strip().lower(), value) if type(value) is str else value


def _null(value: Any) -> Any:
    return None if type(value) is str and value.strip() == "null" else value


def _text(value: Any) -> Any:
    if type(value) in (int, float):
        with suppress(ValueError):  # too many digits
            return str(value)
    return value


SCALARS: Mapping[str | None, Read] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "null": _null,
    "string": _text,
}
