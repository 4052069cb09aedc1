"""The configuration file: opened, and its tables read into the classes that declare them."""

# No pathlib: every command that lists something would pay for it.
# ruff: noqa: PTH100, PTH109, PTH120, PTH123

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TypeVar

from attrs import field, frozen

from agenthost._host.config.declaration import keys_of, read_table, unknown_key
from agenthost._host.config.place import NO_LINES, Lines, Place
from agenthost._host.config.secret_sources import resolve
from agenthost._host.config.value_types import Refused, shown
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from attrs import AttrsInstance

    from agenthost.secret import Secret

__all__ = ["ConfigFile", "no_file", "open_file", "refuse_unknown"]

T = TypeVar("T", bound="AttrsInstance")

_OTHERS = 0o077
_PLACE = r" \(at (?:line (\d+), (column \d+)|(end of document))\)$"
_LONG_NUMBER = r"\d{4301}"


@frozen(eq=False, repr=False, slots=False)
class ConfigFile:
    """An open configuration file, and the environment for its values."""

    name: str
    directory: str
    environ: Mapping[str, str]
    tables: Mapping[str, object]
    exposed: str = ""
    lines: Lines = NO_LINES
    fetched: list[Secret] = field(factory=list)
    key_texts: list[Secret] = field(factory=list)
    said: dict[str, str] = field(factory=dict)
    """The variables and options that set keys of ``[host]``, by key."""

    def place(self, *path: str | int) -> Place:
        """Return the place of a value."""
        return Place(self.name, lines=self.lines).at(*path)

    def table(self, name: str) -> Mapping[str, object]:
        """Return a table by its name, or an empty one.

        Raises:
            ConfigurationError: the key holds something else.
        """
        return self.as_table(self.tables.get(name, {}), self.place(name))

    def as_table(self, value: object, place: Place) -> Mapping[str, object]:
        """Return a value that must be a table.

        Raises:
            ConfigurationError: it is not one.
        """
        if not isinstance(value, dict):
            raise ConfigurationError(f"{place}: {shown(value)} is not a table. fix: write [{place.key}]")
        return value

    def resolved(self, value: object, place: Place) -> object:
        """Return a value with its secrets resolved."""
        return resolve(value, place, self.environ, self.directory, self.fetched)

    def read(self, cls: type[AttrsInstance], values: Mapping[str, object], place: Place) -> dict[str, object]:
        """Read the keys that a table declares, and return the arguments of its class.

        Raises:
            ConfigurationError: a value cannot be used, or is missing.
        """
        keys = keys_of(cls)
        own = {
            name: self.resolved(value, place.at(name)) if _is_nested(value) else value
            for name, value in values.items()
            if name in keys
        }
        try:
            return read_table(keys, own)
        except Refused as refused:
            error = refused.error(place)
        raise error

    def fill(self, cls: type[T], values: Mapping[str, object], place: Place) -> T:
        """Return a table of the keys that it declares.

        See ``read``.
        """
        return cls(**self.read(cls, values, place))

    def closed(self, cls: type[T], name: str) -> T:
        """Return a table of the file that may contain only declared keys.

        Raises:
            ConfigurationError: see ``read``; also for a key that is unknown.
        """
        if name not in self.tables:
            return cls()
        values = self.table(name)
        refuse_unknown(values, keys_of(cls), self.place(name))
        return self.fill(cls, values, self.place(name))

    def beside(self, cls: type[AttrsInstance], values: Mapping[str, object], place: Place) -> Mapping[str, object]:
        """Return the values of a table that its class does not declare, secrets resolved."""
        known = keys_of(cls)
        return {name: self.resolved(value, place.at(name)) for name, value in values.items() if name not in known}


def _is_nested(value: object) -> bool:
    """Return True if a value may contain a source of a secret."""
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value)
    )


def refuse_unknown(values: Collection[str], known: Collection[str], place: Place) -> None:
    """Refuse an unknown key.

    See ``unknown_key``.

    Raises:
        ConfigurationError: there is one.
    """
    if refused := unknown_key(values, known):
        raise refused.error(place)


def no_file(name: str, environ: Mapping[str, str]) -> ConfigFile:
    """Return a ConfigFile without values, for a host without a file."""
    return ConfigFile(name, os.getcwd(), environ, {})


def open_file(name: str, environ: Mapping[str, str]) -> ConfigFile:
    """Read a configuration file.

    Raises:
        ConfigurationError: it cannot be read, or is not TOML.
    """
    try:
        with open(name, "rb") as file:
            data, mode = file.read(), os.fstat(file.fileno()).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigurationError(
            f"{name}: the file cannot be read ({reason}). "
            "fix: name one that the host can read with --config or AGENTHOST_CONFIG"
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name}:{line}: this is not UTF-8 text. fix: save the file as UTF-8") from error
    exposed = f"{mode & 0o777:04o}" if os.name == "posix" and mode & _OTHERS else ""
    directory = os.path.dirname(os.path.abspath(name))
    return ConfigFile(name, directory, environ, _parsed(name, text), exposed, Lines(text))


def _parsed(name: str, text: str) -> Mapping[str, object]:
    import tomllib  # noqa: PLC0415  # 8 ms that a host without a file need not pay

    try:
        return tomllib.loads(text)
    except RecursionError as error:
        at = f"{name}:{_deepest(text)}"
        raise ConfigurationError(f"{at}: values are nested too deeply. fix: write fewer levels") from error
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        place = re.search(_PLACE, reason)
        line = place[1] if place and place[1] else str(text.rstrip().count("\n") + 1)
        column = f"{place[2] or place[3]}: " if place else ""
        reason = reason.removesuffix(place[0] if place else "")
        raise ConfigurationError(f"{name}:{line}: {column}{reason}. fix: correct the TOML there") from error
    except ValueError as error:  # int() refuses more than 4300 digits
        number = re.search(_LONG_NUMBER, text)
        line = str(text.count("\n", 0, number.start() if number else 0) + 1)
        raise ConfigurationError(f"{name}:{line}: a number is too long. fix: write one that fits 64 bits") from error


def _deepest(text: str) -> int:
    """Return the line with the most brackets."""
    lines = text.split("\n")
    return 1 + max(range(len(lines)), key=lambda index: lines[index].count("[") + lines[index].count("{"))
