"""The lock file: the packages that a person decided to host.

It is ``agenthost.lock`` next to the configuration, written by ``agenthost lock``. A host with a lock file serves its
packages, and sets aside those that have changed.
"""

# No pathlib: every start pays for it.
# ruff: noqa: PTH100, PTH105, PTH108, PTH113, PTH118, PTH120

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost._host.config.declaration import keys_of
from agenthost._host.config.file import open_file, refuse_unknown
from agenthost._host.generations.record import read_record
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from attrs import AttrsInstance

    from agenthost._host.config.declaration import Table
    from agenthost._host.config.file import ConfigFile
    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.locked import Lock, LockedDistribution
    from agenthost._host.generations.owners import Owners

__all__ = ["known_owners", "lock_path", "put_back", "read_lock", "write_lock"]

_HEAD = """\
# The packages that this host serves. Keep this file in version control.
# agenthost lock writes it, agenthost diff compares it with what is installed.

"""
_ANEW = "agenthost lock writes a new one"


def lock_path(config: Config) -> str:
    """Return the lock file of a configuration, which is next to its file.

    Without a file, it is in the current directory.
    """
    directory = os.path.dirname(os.path.abspath(config.source)) if config.source else os.getcwd()  # noqa: PTH109
    return os.path.join(directory, "agenthost.lock")


def read_lock(config: Config) -> Lock | None:
    """Read the lock file, or return None without one.

    Raises:
        ConfigurationError: it is not a file, cannot be read, or has a key or a format that this agenthost does not
            know.
    """
    path = lock_path(config)
    if not os.path.lexists(path):
        return None
    if not os.path.isfile(path):  # without a lock file, everything would be served
        raise ConfigurationError(f"{path}: it is not a file, or a link to none. fix: remove it, and {_ANEW}")
    from agenthost._host.generations.locked import FORMAT, Lock, Root  # noqa: PLC0415 - most hosts have no lock file

    opened = open_file(path, {})
    root = opened.place()
    _refuse_unknown(opened.tables, ("format", "distributions", "dependencies"), root)
    written = opened.fill(Root, {key: value for key, value in opened.tables.items() if key == "format"}, root)
    if written.format != FORMAT:
        from agenthost._host.installer.environment import installer  # noqa: PLC0415 - as above

        raise ConfigurationError(
            f"{opened.place('format')}: format {written.format} is not one that this agenthost reads. "
            f"fix: {installer().upgrade('agenthost')}, or delete the file, and {_ANEW}"
        )
    distributions = {
        name: _distribution(opened, name, values) for name, values in opened.table("distributions").items()
    }
    return Lock(path, distributions, _dependencies(opened), config.host.locked_dependencies == "refuse")


def known_owners(config: Config, lock: Lock | None) -> Owners:
    """Return the owners in the lock file, completed by the record of this host."""
    record = read_record(config)
    return record if lock is None else lock.owners.before(record)


def write_lock(lock: Lock) -> None:
    """Write the lock file whole, or leave the old one as it is.

    Raises:
        ConfigurationError: it cannot be written.
    """
    import tomli_w  # noqa: PLC0415 - only where one is written

    from agenthost._host.generations.locked import FORMAT, LockedAgent, LockedDistribution  # noqa: PLC0415 - as above

    content: dict[str, Any] = {"format": FORMAT, "distributions": {}}
    for name, each in sorted(lock.distributions.items()):
        agents = {agent: _written(LockedAgent, own) for agent, own in sorted(each.agents.items())}
        content["distributions"][name] = _written(LockedDistribution, each) | ({"agents": agents} if agents else {})
    content["dependencies"] = dict(sorted(lock.dependencies.items()))
    put_back(lock.place, _HEAD + tomli_w.dumps(content))


def put_back(place: str, text: str) -> None:
    """Write the text of a lock file whole, or not at all.

    Raises:
        ConfigurationError: it cannot be written.
    """
    beside = f"{place}.{os.getpid()}"
    try:
        with open(beside, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, place)
    except OSError as error:
        with suppress(OSError):
            os.unlink(beside)
        raise ConfigurationError(
            f"{place} cannot be written: {error.strerror}; the old file is as it was. "
            "fix: make room, or run agenthost lock where its directory can be written"
        ) from error


def _distribution(opened: ConfigFile, name: str, values: object) -> LockedDistribution:
    from agenthost._host.generations.locked import LockedAgent, LockedDistribution  # noqa: PLC0415 - as above

    place = opened.place("distributions", name)
    table = opened.as_table(values, place)
    _refuse_unknown(table, (*keys_of(LockedDistribution), "agents"), place)
    among, agents = place.at("agents"), {}
    for agent, value in opened.as_table(table.get("agents", {}), among).items():
        at = among.at(agent)
        own = opened.as_table(value, at)
        _refuse_unknown(own, keys_of(LockedAgent), at)
        agents[agent] = opened.fill(LockedAgent, own, at)
    return evolve(opened.fill(LockedDistribution, table, place), agents=agents)


def _refuse_unknown(values: Collection[str], known: Collection[str], place: Place) -> None:
    try:
        refuse_unknown(values, known, place)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error} fix: delete it, or the file, and {_ANEW}") from None


def _dependencies(opened: ConfigFile) -> dict[str, str]:
    found = opened.table("dependencies")
    for name, version in found.items():
        if not isinstance(version, str):
            place = opened.place("dependencies", name)
            raise ConfigurationError(f'{place}: a version is text. fix: write {name} = "{version}"')
    return {name: str(version) for name, version in found.items()}


def _written(cls: type[AttrsInstance], table: Table) -> dict[str, Any]:
    """Return the keys of a table that hold anything, as TOML has them."""
    values = ((key.name, getattr(table, key.argument)) for key in keys_of(cls).values())
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values if value}
