"""Changes between two configurations: each key that differs, and when the change takes effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, fields, frozen

from agenthost._host.config.declaration import Table, beside_of, keys_of, listed_of
from agenthost._host.config.place import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from agenthost._host.config.declaration import Effect
    from agenthost._host.config.line_numbers import Path
    from agenthost._host.config.schema import Config

__all__ = ["Change", "changes", "with_kept"]


_LEFT_OUT = object()


@frozen
class Change:
    """A key whose value differs."""

    path: Path
    effect: Effect

    @property
    def key(self) -> str:
        """The key path, as it is written."""
        return Place("").at(*self.path).key


def changes(before: Config, after: Config) -> tuple[Change, ...]:
    """Return the keys that differ, in the order of the tables.

    Values are left out, because they may be secret. A missing key has its default. Each key of settings that the host
    does not declare is a key of its own.
    """
    old, new = (
        {path: (value, effect) for path, value, effect in _written(config, other)}
        for config, other in ((before, after), (after, before))
    )
    return tuple(
        Change(path, (new.get(path) or old[path])[1])
        for path in dict.fromkeys((*new, *old))
        if old.get(path, (_LEFT_OUT,))[0] != new.get(path, (_LEFT_OUT,))[0]
    )


def with_kept(before: Config, after: Config, effects: Collection[Effect]) -> Config:
    """Return ``after`` with the old values of keys whose change has these effects."""
    return evolve(
        after,
        **{name: _kept(getattr(before, name), table, effects) for name, table in _tables(after)},
    )


def _kept(before: Any, after: Any, effects: Collection[Effect]) -> Any:
    cls: Any = type(after)
    names = [key.argument for key in keys_of(cls).values() if key.effect in effects]
    names += [name for name, effect in beside_of(cls).items() if effect in effects]
    return evolve(after, **{name: getattr(before, name) for name in names})


def _tables(config: Config) -> Iterator[tuple[str, Any]]:
    """Yield the tables that exist once, by name."""
    for attribute in fields(type(config)):
        table = getattr(config, attribute.name)
        if isinstance(table, Table):
            yield attribute.name, table


def _written(config: Config, other: Config) -> Iterator[tuple[Path, object, Effect]]:
    """Yield each key with its value, unless that is the default, and its effect.

    The sections of agents and the like that another configuration has, too, are left out: there may be thousands.
    """
    for name, table in _tables(config):
        yield from _of_table((name,), table)
    for name in ("keys", "agents", "workflows", "peers", "routes"):
        others = getattr(other, name)
        for key, table in getattr(config, name).items():
            if others.get(key) != table:
                yield from _of_table((name, key), table)


def _of_table(path: Path, table: Any) -> Iterator[tuple[Path, object, Effect]]:
    cls: Any = type(table)
    for key in keys_of(cls).values():
        value = getattr(table, key.argument)
        left_out = value == key.default and not key.required
        yield (*path, key.name), _LEFT_OUT if left_out else value, key.effect
    for name, effect in beside_of(cls).items():
        yield from _of_settings(path, getattr(table, name), effect)
    for argument, name in listed_of(cls).items():
        for index, each in enumerate(getattr(table, argument)):
            yield from _of_table((*path, name, index), each)


def _of_settings(path: Path, table: Mapping[str, object], effect: Effect) -> Iterator[tuple[Path, object, Effect]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _of_settings((*path, name), value, effect)
        else:
            yield (*path, name), value, effect
