"""Sources of secrets in configuration: an environment variable or a file."""

# No pathlib: every command that lists something would pay for it.
# ruff: noqa: PTH111, PTH118, PTH123

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agenthost.errors import ConfigurationError
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.config.line_numbers import Path
    from agenthost._host.config.place import Place

__all__ = ["origins", "resolve", "sources"]


_SOURCES = {"env": "variable", "file": "file"}


def resolve(value: object, place: Place, environ: Mapping[str, str], directory: str, fetched: list[Secret]) -> object:
    """Replace secrets such as ``{ env = "NAME" }`` anywhere in ``value`` by :class:`Secret`.

    ``fetched`` takes each secret, as a value that is not declared as one reveals it.

    Raises:
        ConfigurationError: a variable is not set, or a file cannot be read.
    """
    if isinstance(value, list):
        return [resolve(item, place.at(index), environ, directory, fetched) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (source, name), *_ = value.items()
        if source == "env":
            fetched.append(Secret(_from_variable(name, place, environ)))
            return fetched[-1]
        if source == "file":
            fetched.append(Secret(_from_file(name, place, directory)))
            return fetched[-1]
    return {name: resolve(item, place.at(name), environ, directory, fetched) for name, item in value.items()}


def sources(value: object) -> Iterator[tuple[str, str]]:
    """Yield the sources of secrets in ``value``, such as ``("env", NAME)`` or ``("file", path)``."""
    if isinstance(value, list):
        for item in value:
            yield from sources(item)
    elif isinstance(value, dict):
        for source in ("env", "file"):
            if set(value) == {source} and isinstance(value[source], str):
                yield source, value[source]
                return
        for item in value.values():
            yield from sources(item)


def origins(value: object, *path: str | int) -> Iterator[tuple[Path, str]]:
    """Yield the path of each reference in ``value``, and the words for its source."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from origins(item, *path, index)
    elif isinstance(value, dict):
        for source, name in sources(value) if len(value) == 1 and set(value) < _SOURCES.keys() else ():
            yield path, f"the {_SOURCES[source]} {name}"
            return
        for name, item in value.items():
            yield from origins(item, *path, name)


def _from_variable(name: object, place: Place, environ: Mapping[str, str]) -> str:
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f'{place}: env takes the name of a variable. fix: write {{ env = "NAME" }}')
    text = environ.get(name, "")
    if not text:
        raise ConfigurationError(
            f"{place}: the variable {name} is not set, or empty. fix: set {name} in the host's environment"
        )
    if not _is_unicode(text):
        raise ConfigurationError(f"{place}: the variable {name} is not UTF-8 text. fix: set it to UTF-8 text")
    return text


def _from_file(name: object, place: Place, directory: str) -> str:
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f'{place}: file takes a path. fix: write {{ file = "path/of/the/secret" }}')
    path = os.path.join(directory, os.path.expanduser(name))
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except UnicodeError:
        raise ConfigurationError(f"{place}: {path} is not UTF-8 text. fix: save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigurationError(
            f"{place}: cannot read {path!r} ({reason}). fix: put the secret there, readable by the host"
        ) from error
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigurationError(f"{place}: {path} is empty. fix: put the secret there")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
