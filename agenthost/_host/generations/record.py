"""The record of owners: a file per environment and configuration file.

It is in the state directory. Only ``agenthost run``, an accepted reload and ``agenthost owners forget`` write it.
Without a durable state directory, a lock file or ``use`` in the configuration decides instead.
"""

# No pathlib: every command that lists something would pay for it.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from agenthost._host.generations.owners import Owners
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config

__all__ = ["read_record", "record_path", "write_record"]

_FORMAT = 1
_TABLES = ("keys", "routes", "aliases")


def record_path(config: Config) -> str:
    """Return the file of this environment and configuration file."""
    from _blake2 import blake2b  # noqa: PLC0415 - as hashlib has it, without OpenSSL, which every list would load

    name = blake2b("\0".join(_place(config)).encode(), digest_size=8).hexdigest()
    return os.path.join(config.host.state_dir, "owners", f"{name}.json")


def read_record(config: Config) -> Owners:
    """Read the owners, which are empty before the first run.

    Raises:
        ConfigurationError: the file cannot be read as a record.
    """
    if not os.path.lexists(config.host.state_dir):  # nothing has run yet
        return Owners()
    path = record_path(config)
    try:
        with open(path, encoding="utf-8") as file:
            import json  # noqa: PLC0415 - where there is a record

            content = json.load(file)
    except FileNotFoundError:
        return Owners(place=path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    if not _is_record(content):
        raise _unreadable(path, f"it is not a record of format {_FORMAT}")
    return Owners(content["keys"], content["routes"], content["aliases"], path)


def write_record(config: Config, owners: Owners) -> None:
    """Write the owners.

    If the state directory cannot be written, this logs a warning once.
    """
    import json  # noqa: PLC0415 - a list writes none

    from agenthost._private_files import write_private  # noqa: PLC0415 - likewise

    path = record_path(config)
    environment, file = _place(config)
    content = {"format": _FORMAT, "environment": environment, "configuration": file}
    content |= {table: dict(sorted(getattr(owners, table).items())) for table in _TABLES}
    with suppress(OSError, ValueError), open(path, encoding="utf-8") as before:
        if json.load(before) == content:  # reading takes a tenth of the time of writing for people
            return
    try:
        write_private(path, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        import logging  # noqa: PLC0415 - seldom needed, and every list would pay for it

        log = logging.getLogger("agenthost.owners")
        log.warning("owners are not stored: %s: %s. fix: agenthost lock stores them in a file", path, error.strerror)


def _place(config: Config) -> tuple[str, str]:
    """Return the environment and the configuration file of a record."""
    file = config.source
    return os.path.realpath(sys.prefix), os.path.realpath(file) if file else ""


def _is_record(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and content.get("format") == _FORMAT
        and all(_is_text_to_text(content.get(table)) for table in _TABLES)
    )


def _is_text_to_text(value: Any) -> bool:
    table: Mapping[Any, Any] = value if isinstance(value, dict) else {0: 0}
    return all(isinstance(name, str) and isinstance(holder, str) for name, holder in table.items())


def _unreadable(path: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: the record of owners cannot be used: {reason}. "
        f"fix: rm {path}, and the next run takes the owners from what is installed"
    )
