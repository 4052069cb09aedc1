"""An author's own settings: the attrs class an agent or a plugin declares, filled from its section.

cattrs builds the class. The hooks here make it strict (``"5"`` is no number, one name is no list of names), and
every mistake ends as one sentence that names its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence, Set as AbstractSet
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from pathlib import Path
from threading import get_ident
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from attrs import Attribute, AttrsInstance, fields_dict, has
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)

from agenthost._error_words import one_line, words_of
from agenthost._host.config.key_paths import key_path, refuse_unknown
from agenthost._host.config.value_types import Refused, shown
from agenthost.errors import ConfigurationError, DefinitionError
from agenthost.secret import Secret

__all__ = ["build_settings"]

T = TypeVar("T", bound=AttrsInstance)
Hook = Callable[[Any, Any], Any]

_LISTS = (list, tuple, set, frozenset, Sequence, AbstractSet)
_TABLES = (dict, Mapping)
_EXAMPLES = {str: '"…"', int: "1", float: "1.5", bool: "true", Secret: '{ env = "NAME" }'}
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Secret: "a secret"}


def build_settings(
    cls: type[T], values: Mapping[str, object], where: str, key: str, *, reserved: Collection[str] = ()
) -> T:
    """Build an author's ``Settings`` from a section of the configuration.

    Args:
        cls: the attrs class; its fields are the keys of the section.
        values: the section, secrets resolved; a ``str`` field gets the text, a ``Secret`` hides it.
        where: the file, for errors.
        key: the key path of the section, for errors: ``agents.dental``.
        reserved: keys of the same section that the host reads itself.

    Raises:
        ConfigurationError: a key is unknown, missing, or its value is refused; the text never holds a secret.
        DefinitionError: the class declares a type that no TOML value can become, or a reserved key.
    """
    known = [name for name, attribute in fields_dict(cls).items() if attribute.init]
    for name in reserved:
        if name in known:
            raise DefinitionError(
                f"{cls.__module__}.{cls.__qualname__}: the host reads {name} itself. Rename this field."
            )
    refuse_unknown(values, [*known, *reserved], where, key)
    try:
        return _converter().structure(values, cls)
    except StructureHandlerNotFoundError as error:
        raise _impossible(cls, error) from error
    except BaseValidationError as error:
        stumbled = error
    # Raised out here because a chain of exceptions would show values.
    raise _explained(stumbled, cls, values, where, key)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    plain: set[tuple[int, Any]] = set()  # by thread: agents are built in several

    def shaped(kind: Any) -> Hook:
        """Return what cattrs would do with ``kind``, after a check that it is given a list or a table."""
        asked = (get_ident(), kind)
        plain.add(asked)
        try:
            inner: Hook = converter.get_structure_hook(kind, cache_result=False)
        finally:
            plain.discard(asked)
        return _checked(inner, kind)

    def is_shaped(kind: Any) -> bool:
        return (has(kind) or _is(kind, _LISTS + _TABLES)) and (get_ident(), kind) not in plain

    converter.register_structure_hook_factory(is_shaped, shaped)
    converter.register_structure_hook_factory(_is_union, lambda kind: _union(kind, converter))
    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_structure_hook_func(_is_enum, _enum)
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bytes, lambda value, _: _text(value, str).encode())
    converter.register_structure_hook(Path, lambda value, _: Path(_text(value, str)))
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook(float, _float)
    for exact in (int, bool, date, datetime, time):
        converter.register_structure_hook(exact, _exact)
    return converter


def _checked(inner: Hook, kind: Any) -> Hook:
    sort, name = (list, "a list") if _is(kind, _LISTS) else (Mapping, "a table")
    arguments = get_args(kind)
    length = len(arguments) if _origin(kind) is tuple and Ellipsis not in arguments else None

    def structure(value: Any, to: Any) -> Any:
        if not isinstance(value, sort):
            raise Refused(f"{shown(value)} is not {name}")
        if length is not None and len(value) != length:
            raise Refused(f"it has to hold {length} values, not {len(value)}")
        return inner(value, to)

    return structure


def _union(kind: Any, converter: Converter) -> Hook:
    """Take the first alternative that fits; the checks are strict, so that a second one hardly ever would."""
    kinds = [each for each in get_args(kind) if each is not NoneType]  # TOML has no null
    hooks: list[Hook] = [converter.get_structure_hook(each) for each in kinds]
    if len(hooks) == 1:
        return lambda value, _: hooks[0](value, kinds[0])

    def structure(value: Any, _: Any) -> Any:
        for each, hook in zip(kinds, hooks, strict=True):
            try:
                return hook(value, each)
            except (Refused, BaseValidationError):
                continue
        raise Refused(f"{shown(value)} is not {' or '.join(map(_name, kinds))}")

    return structure


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _is_union(kind: Any) -> bool:
    return _origin(kind) in {Union, UnionType}


def _is_literal(kind: Any) -> bool:
    return _origin(kind) is Literal


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is(kind: Any, kinds: tuple[Any, ...]) -> bool:
    return (_origin(kind) or kind) in kinds


def _name(kind: Any) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    if _is(kind, _LISTS):
        return "a list"
    if has(kind) or _is(kind, _TABLES):
        return "a table"
    return f"a {getattr(kind, '__name__', kind)}"


def _text(value: Any, to: Any) -> Any:
    text = value.reveal() if isinstance(value, Secret) else value
    if _is_enum(to):  # class Colour(str, Enum)
        return _enum(text, to)
    if not isinstance(text, str):
        raise Refused(f"{shown(value)} is not text")
    return text


def _secret(value: Any, _: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise Refused("it is not text")
    return Secret(value)


def _float(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{shown(value)} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise Refused(f"{shown(value)} is too large") from None


def _exact(value: Any, to: Any) -> Any:
    if _is_enum(to):  # class Level(IntEnum)
        return _enum(value, to)
    if type(value) is not to:
        raise Refused(f"{shown(value)} is not {_name(to)}")
    return value


def _literal(value: Any, to: Any) -> Any:
    plain = value.reveal() if isinstance(value, Secret) else value
    for allowed in get_args(to):
        if type(plain) is type(allowed) and plain == allowed:
            return allowed
    raise Refused(f"{shown(value)} is not one of {', '.join(map(repr, get_args(to)))}")


def _enum(value: Any, to: Any) -> Any:
    for allowed in to:
        if type(value) is type(allowed.value) and value == allowed.value:
            return allowed
    raise Refused(f"{shown(value)} is not one of {', '.join(repr(allowed.value) for allowed in to)}")


class _Place:
    """Where in a section cattrs stumbled, followed from the outermost complaint to its first cause.

    Args:
        error: what cattrs raised.
        cls: the class that was to be built.
        key: the key path of the section.
    """

    def __init__(self, error: BaseException, cls: type[AttrsInstance], key: str) -> None:
        self.cause = error
        self.cls = cls
        self.key = key
        self.attribute: Attribute[Any] | None = None
        while isinstance(self.cause, BaseValidationError):
            # A misspelt key is what an operator should hear of, not the one that is missing because of it.
            causes = sorted(self.cause.exceptions, key=lambda each: not isinstance(each, ForbiddenExtraKeysError))
            self._enter(causes[0])

    def _enter(self, cause: BaseException) -> None:
        outer = getattr(self.cause, "cl", None)
        outer = _origin(outer) or outer
        if isinstance(outer, type) and has(outer):
            self.cls, self.attribute = outer, None
        self.cause = cause
        for note in getattr(cause, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                self.at(note.name)
            elif isinstance(note, IterableValidationNote):
                step = note.index
                self.key = f"{self.key}[{step}]" if isinstance(step, int) else key_path(self.key, str(step))

    def at(self, name: str) -> None:
        """Step to a field of the class."""
        self.key = key_path(self.key, name)
        self.attribute = fields_dict(self.cls)[name]


def _explained(error: BaseException, cls: type[AttrsInstance], values: object, where: str, key: str) -> Exception:
    place = _Place(error, cls, key)
    cause = place.cause
    if isinstance(cause, StructureHandlerNotFoundError):
        return _impossible(cls, cause)
    if isinstance(cause, ForbiddenExtraKeysError):
        known = [name for name, attribute in fields_dict(place.cls).items() if attribute.init]
        refuse_unknown(sorted(cause.extra_fields), known, where, place.key)
    if isinstance(cause, Refused):
        wrong = str(cause)
    elif isinstance(cause, KeyError) and place.attribute is not None:
        wrong = "it is missing"
    else:
        wrong = _said_by_author(cause, place, _secrets(values))
    attribute = place.attribute
    write = f"Write {attribute.name} = {_example(attribute)}" if attribute else f"Change [{place.key}]"
    return ConfigurationError(f"{where}: {place.key}: {wrong}. {write}.")


def _said_by_author(cause: BaseException, place: _Place, secrets: Collection[str]) -> str:
    """Return what a validator or a converter says, unless it quotes a secret."""
    said = cause.args[0] if cause.args and isinstance(cause.args[0], str) else words_of(cause)
    named = re.match(r"'(\w+)'", said)  # as the validators of attrs begin
    if named and place.attribute is None and named[1] in fields_dict(place.cls):
        place.at(named[1])
    if any(form in said for secret in secrets for form in (secret, repr(secret)[1:-1])):
        return f"{place.cls.__qualname__} refuses its value, a secret"
    said = one_line(said).removesuffix(".")
    return said if isinstance(cause, ValueError | TypeError) and said else f"{type(cause).__name__}: {said}"


def _secrets(value: object) -> set[str]:
    if isinstance(value, Secret):
        return {value.reveal()}
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {secret for item in items for secret in _secrets(item)}


def _example(attribute: Attribute[Any]) -> str:
    default = attribute.default
    return _toml(default) if type(default) in {str, int, float, bool} else _example_of(attribute.type)


def _example_of(kind: Any) -> str:
    arguments = get_args(kind)
    if kind in _EXAMPLES:
        return _EXAMPLES[kind]
    if _is_literal(kind):
        return _toml(arguments[0])
    if _is_enum(kind):
        return _toml(next(iter(kind)).value)
    if _is_union(kind):
        return _example_of(arguments[0])
    if _is(kind, _LISTS):
        return f"[{', '.join(_example_of(each) for each in arguments if each is not Ellipsis)}]"
    return "{ … }" if has(kind) or _is(kind, _TABLES) else '"…"'


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _impossible(cls: type[AttrsInstance], error: StructureHandlerNotFoundError) -> DefinitionError:
    return DefinitionError(
        f"{cls.__module__}.{cls.__qualname__}: no TOML value can become {error.type_}. "
        "Declare text, numbers, lists, tables or attrs classes of them, or give the field a converter."
    )
