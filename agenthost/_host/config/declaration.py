"""Declarations: the kind, default, documentation and effect of each key of a table.

Tables are attrs classes. Those of the host declare their keys by ``setting``. The keys of an author's class are its
fields (``agenthost._host.config.author_settings``). Both are read by ``read_table``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from attrs import NOTHING, Attribute, AttrsInstance, field, fields, frozen

from agenthost._error_words import did_you_mean
from agenthost._host.config.value_types import Kind, Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "LIVE",
    "PROCESS",
    "RESTART",
    "Effect",
    "Key",
    "Table",
    "beside",
    "beside_of",
    "keys_of",
    "listed",
    "listed_of",
    "overriding",
    "read_table",
    "setting",
    "unknown_key",
]

T = TypeVar("T")


class Table:
    """Equality and ``repr`` of tables.

    attrs would compile them for each table at every start of every command.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and _values(self) == _values(other))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in _values(self).items())})"


def _values(table: Any) -> dict[str, object]:
    return {each.name: getattr(table, each.name) for each in fields(type(table)) if each.eq}


Effect: TypeAlias = Literal["live", "process", "restart"]
LIVE: Effect = "live"
"""A change takes effect with the reload."""
PROCESS: Effect = "process"
"""A change takes effect in a new process: workers are replaced, and a host of one process needs a restart."""
RESTART: Effect = "restart"
"""A change takes effect when the host is restarted."""

_KEY = "key"
_BESIDE = "beside"
_LISTED = "listed"


@frozen(eq=False, repr=False, slots=False)
class Key:
    """One key of a table."""

    name: str
    argument: str
    default: Any
    """Its value when it is left out."""
    kind: Kind
    doc: str = ""
    unit: str = ""
    variables: tuple[str, ...] = ()
    """SignalWire's or the platform's own environment variables for it."""
    effect: Effect = LIVE
    per_agent: bool = False
    required: bool = False

    @property
    def example(self) -> str:
        """A valid value as TOML: the default if it is plain."""
        default = self.default
        if type(default) is bool:
            return str(default).lower()
        if type(default) is str:
            return f'"{default}"'
        if type(default) is tuple and default and all(type(each) is str for each in default):
            return "[" + ", ".join(f'"{each}"' for each in default) + "]"
        return str(default).removesuffix(".0") if type(default) in (int, float) else self.kind.example

    @property
    def advice(self) -> str:
        """The last part of an error message: the line to write."""
        return f"fix: write {self.name} = {self.example}"

    def read(self, value: object) -> object:
        """Check a value, and return it in the form that the table holds.

        Raises:
            Refused: it is not of the key's kind.
        """
        try:
            return self.kind.read(value)
        except Refused as refused:
            raise refused.below(self.name, self.advice) from None


def setting(
    default: T,
    kind: Kind,
    doc: str,
    *,
    unit: str = "",
    variables: tuple[str, ...] = (),
    effect: Effect = LIVE,
    per_agent: bool = False,
    required: bool = False,
) -> T:
    """Declare a key of a table of the host.

    See ``Key``.
    """
    declared = {
        "kind": kind,
        "doc": doc,
        "unit": unit,
        "variables": variables,
        "effect": effect,
        "per_agent": per_agent,
        "required": required,
    }
    return field(default=default, metadata={_KEY: declared})  # as attrs itself declares it


def overriding(cls: type[AttrsInstance], name: str) -> Any:
    """Declare an agent's own value of a key that ``cls`` declares with ``per_agent``."""
    key = next(each for each in keys_of(cls).values() if each.name == name and each.per_agent)
    return setting(None, key.kind, "As in `[host]`, for this agent", unit=key.unit, effect=key.effect)


def beside(effect: Effect = LIVE) -> Any:
    """Declare the field for keys that the table does not declare.

    They are the settings of an agent, a plugin or a model.
    """
    return field(factory=dict, metadata={_BESIDE: effect})


@cache
def keys_of(cls: type[AttrsInstance]) -> Mapping[str, Key]:
    """Return the keys that a table of the host declares, by name."""
    keys = (_key(attribute) for attribute in fields(cls) if _KEY in attribute.metadata)
    return {key.name: key for key in keys}


def _key(attribute: Attribute[Any]) -> Key:
    return Key(attribute.name.rstrip("_"), attribute.name, attribute.default, **attribute.metadata[_KEY])


@cache
def beside_of(cls: type[AttrsInstance]) -> Mapping[str, Effect]:
    """Return the fields for undeclared keys, with the effect of a change."""
    return {each.name: each.metadata[_BESIDE] for each in fields(cls) if _BESIDE in each.metadata}


def listed(name: str) -> Any:
    """Declare the field for an array of tables, each with keys of its own.

    An example is ``[[sip.rules]]``.
    """
    return field(default=(), metadata={_LISTED: name})


@cache
def listed_of(cls: type[AttrsInstance]) -> Mapping[str, str]:
    """Return the fields for arrays of tables, with their names in the file."""
    return {each.name: each.metadata[_LISTED] for each in fields(cls) if _LISTED in each.metadata}


def read_table(keys: Mapping[str, Key], values: Mapping[str, object]) -> dict[str, object]:
    """Read the values of a table, and return the arguments of its class.

    Raises:
        Refused: a value is not of its key's kind, or a key is missing.
    """
    read = {keys[name].argument: keys[name].read(value) for name, value in values.items()}
    for key in keys.values():
        if key.name not in values and (key.required or key.default is NOTHING):
            raise Refused("it is missing", key.name, advice=key.advice)
    return read


def unknown_key(values: Collection[str], known: Collection[str]) -> Refused | None:
    """Return the refusal of the first unknown key, or None.

    ``known`` is the keys that it may have, in the order in which the refusal lists them.
    """
    name = next((each for each in values if each not in known), None)
    if name is None:
        return None
    advice = did_you_mean(name, known)
    advice += f"Known here: {', '.join(known)}." if known else "fix: delete it; nothing can be set here"
    return Refused("there is no such key", name, advice=advice)
