"""The settings of authors: attrs classes of agents and plugins, filled from their sections.

The fields are the keys, and the type of each field is its kind. The kinds are strict: ``"5"`` is not a number, one name
is not a list of names.
"""

from __future__ import annotations

import re
from collections.abc import (
    Callable,
    Collection,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    Set as AbstractSet,
)
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from attrs import AttrsInstance, fields, has, resolve_types

from agenthost._error_words import one_line, words_of
from agenthost._host.config.declaration import Key, read_table, unknown_key
from agenthost._host.config.value_types import Kind, Refused, shown
from agenthost.errors import DefinitionError
from agenthost.secret import Secret

if TYPE_CHECKING:
    from agenthost._host.config.place import Place

__all__ = ["build_settings"]

T = TypeVar("T", bound=AttrsInstance)

_LISTS: Mapping[Any, Callable[[list[Any]], Any]] = {
    list: list,
    MutableSequence: list,
    tuple: tuple,
    Sequence: tuple,
    Collection: tuple,
    set: set,
    MutableSet: set,
    frozenset: frozenset,
    AbstractSet: frozenset,
}
_TABLES = (dict, Mapping, MutableMapping)


def build_settings(cls: type[T], values: Mapping[str, object], place: Place, *, reserved: Collection[str] = ()) -> T:
    """Build an author's ``Settings`` from a section of the configuration.

    ``cls`` is the attrs class; its fields are the keys of the section. ``values`` is the section with its secrets
    resolved; a ``str`` field gets the text, a ``Secret`` hides it.

    Raises:
        ConfigurationError: a key is unknown, missing, or its value is refused; the text never holds a secret.
        DefinitionError: the class declares a type that no TOML value can become, or a reserved key.
    """
    for name in reserved:
        if name in _keys_of(cls):
            raise DefinitionError(f"{_named(cls)}: the host reads {name} itself. fix: rename this field")
    try:
        return _built(cls, values, reserved)
    except Refused as refused:
        error = refused.error(place)
    raise error  # out here because a chain of exceptions would show values


def _built(cls: type[T], values: Mapping[str, object], reserved: Collection[str] = ()) -> T:
    keys = _keys_of(cls)
    if refused := unknown_key(values, [*keys, *reserved]):
        raise refused
    arguments = read_table(keys, values)
    try:
        return cls(**arguments)
    except Exception as error:  # noqa: BLE001 - of the author's own checks
        said, name = _said_by_author(error, cls, values)
    raise Refused(said, name, advice=keys[name].advice) if name else Refused(said, advice="")


def _said_by_author(error: Exception, cls: type[AttrsInstance], values: object) -> tuple[str, str]:
    """Return the message of a validator or a converter, and the key that it names.

    The message is replaced if it quotes a secret.
    """
    said = error.args[0] if error.args and isinstance(error.args[0], str) else words_of(error)
    named = re.match(r"'(\w+)'", said)  # as the validators of attrs begin
    name = named[1] if named and named[1] in _keys_of(cls) else ""
    if any(form in said for secret in _secrets(values) for form in (secret, repr(secret)[1:-1])):
        return f"{cls.__qualname__} refuses its value, a secret", name
    said = one_line(said).removesuffix(".")
    return (said if isinstance(error, ValueError | TypeError) and said else f"{type(error).__name__}: {said}"), name


def _secrets(value: object) -> set[str]:
    if isinstance(value, Secret):
        return {value.reveal()}
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {secret for item in items for secret in _secrets(item)}


@cache
def _keys_of(cls: type[AttrsInstance]) -> Mapping[str, Key]:
    """Return the keys of an author's class by name.

    Raises:
        DefinitionError: the type of a field is not known, or no TOML value can become it.
    """
    try:
        resolve_types(cls)
    except NameError as error:
        raise DefinitionError(
            f"{_named(cls)}: {error}. fix: import the types of its fields outside of TYPE_CHECKING"
        ) from error
    keys = {}
    for attribute in fields(cls):
        if attribute.init:
            try:
                kind = _kind(attribute.type)
            except _Impossible as impossible:
                if attribute.converter is None:
                    raise DefinitionError(
                        f"{_named(cls)}.{attribute.name}: no TOML value can be read as {impossible}. "
                        "fix: declare text, numbers, lists, tables or attrs classes, or give the field a converter"
                    ) from None
                kind = _ANYTHING
            keys[attribute.name] = Key(attribute.name, attribute.alias or attribute.name, attribute.default, kind)
    return keys


def _named(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


class _Impossible(Exception):  # noqa: N818 - what a type is
    """A type that no TOML value can be read as."""


def _kind(declared: Any) -> Kind:
    """Return the kind of a declared type.

    Raises:
        _Impossible: there is none.
    """
    if declared in _PLAIN:
        return _PLAIN[declared]
    if isinstance(declared, type) and issubclass(declared, Enum):
        return _one_of({member.value: member for member in declared})
    if isinstance(declared, type) and has(declared):
        return _table(declared)
    for other_name in ("__supertype__", "__value__"):  # NewType, and: type Name = ...
        if hasattr(declared, other_name):
            return _kind(getattr(declared, other_name))
    return _compound(declared, get_origin(declared) or declared, get_args(declared))


def _compound(declared: Any, origin: Any, arguments: tuple[Any, ...]) -> Kind:
    if origin in (Annotated, Final):
        return _kind(arguments[0])
    if origin is Literal:
        return _one_of({value: value for value in arguments})
    if origin in (Union, UnionType):
        return _union([_kind(each) for each in arguments if each is not NoneType])  # TOML has no null
    if origin in _LISTS:
        return _list(_LISTS[origin], arguments)
    if origin in _TABLES:
        return _mapping(*(map(_kind, arguments or (str, Any))))
    raise _Impossible(declared)


def _table(cls: type[AttrsInstance]) -> Kind:
    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise Refused(f"{shown(value)} is not a table")
        return _built(cls, value)

    return Kind("a table", read, "{ … }")


def _mapping(names: Kind, values: Kind) -> Kind:
    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise Refused(f"{shown(value)} is not a table")
        return {names.read(name): _inside(values, each, name) for name, each in value.items()}

    return Kind("a table", read, "{ … }")


def _list(make: Callable[[list[Any]], Any], arguments: tuple[Any, ...]) -> Kind:
    kinds = [_kind(each) for each in arguments if each is not Ellipsis] or [_ANYTHING]
    fixed = make is tuple and bool(arguments) and Ellipsis not in arguments

    def read(value: object) -> object:
        if not isinstance(value, list):
            raise Refused(f"{shown(value)} is not a list")
        if fixed and len(value) != len(kinds):
            raise Refused(f"it must contain {len(kinds)} values, not {len(value)}")
        items = [_inside(kinds[index] if fixed else kinds[0], item, index) for index, item in enumerate(value)]
        try:
            return make(items)
        except TypeError:
            raise Refused("it is a set, which can contain neither lists nor tables") from None

    return Kind("a list", read, f"[{', '.join(kind.example for kind in kinds)}]")


def _inside(kind: Kind, value: object, step: str | int) -> object:
    try:
        return kind.read(value)
    except Refused as refused:
        raise refused.below(step) from None


def _union(kinds: Sequence[Kind]) -> Kind:
    """Return the kind that reads a value by the first alternative that fits.

    The kinds are so strict that a second alternative would hardly ever fit.
    """
    if len(kinds) == 1:
        return kinds[0]
    name = " or ".join(kind.name for kind in kinds)

    def read(value: object) -> object:
        for kind in kinds:
            try:
                return kind.read(value)
            except Refused:
                continue
        raise Refused(f"{shown(value)} is not {name}")

    return Kind(name, read, kinds[0].example)


def _one_of(allowed: Mapping[Any, object]) -> Kind:
    def read(value: object) -> object:
        plain = value.reveal() if isinstance(value, Secret) else value
        for each, becomes in allowed.items():
            if type(plain) is type(each) and plain == each:
                return becomes
        raise Refused(f"{shown(value)} is not one of {', '.join(map(repr, allowed))}")

    return Kind(f"one of {', '.join(map(repr, allowed))}", read, _toml(next(iter(allowed), "…")))


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _text(value: object) -> str:
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str):
        raise Refused(f"{shown(value)} is not text")
    return text


def _secret(value: object) -> Secret:
    if not isinstance(value, str | Secret):
        raise Refused("it is not text")
    return value if isinstance(value, Secret) else Secret(value)


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{shown(value)} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise Refused(f"{shown(value)} is too large") from None


def _exactly(kind: type, name: str, example: str) -> Kind:
    def read(value: object) -> object:
        if type(value) is not kind:
            raise Refused(f"{shown(value)} is not {name}")
        return value

    return Kind(name, read, example)


_ANYTHING = Kind("anything", lambda value: value, '"…"')
_PLAIN: Mapping[Any, Kind] = {
    None: _ANYTHING,
    Any: _ANYTHING,
    object: _ANYTHING,
    str: Kind("text", _text, '"…"'),
    bytes: Kind("text", lambda value: _text(value).encode(), '"…"'),
    Path: Kind("a path", lambda value: Path(_text(value)), '"…"'),
    Secret: Kind("a secret", _secret, '{ env = "NAME" }'),
    int: _exactly(int, "a whole number", "1"),
    float: Kind("a number", _float, "1.5"),
    bool: _exactly(bool, "true or false", "true"),
    date: _exactly(date, "a date", "2026-01-31"),
    time: _exactly(time, "a time", "09:00:00"),
    datetime: _exactly(datetime, "a date with a time", "2026-01-31T09:00:00Z"),
}
