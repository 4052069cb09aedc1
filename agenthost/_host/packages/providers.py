"""Providers: factories of models and classifiers, by kind."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agenthost._error_words import summary_of
from agenthost._host.packages.builtin_plugins import BUILT_IN
from agenthost._host.packages.guarded_run import Failed, run_guarded
from agenthost._host.packages.instantiate import Section
from agenthost.errors import AgentHostError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence

    from agenthost._host.config.schema import ClassifiersConfig, Config, ModelsConfig

__all__ = ["Made", "closing", "configured_kinds", "made_later", "make_all", "unchanged"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Provider(Protocol[T_co]):
    """A factory of values of one kind, such as ``ModelProvider``."""

    @property
    def kind(self) -> str:
        """The value of ``kind`` in a table."""

    @property
    def make(self) -> Callable[[str, Any], T_co]:
        """Makes a value from its name and its settings."""

    @property
    def settings(self) -> type | None:
        """The attrs class for the table, or None."""


def configured_kinds(table: ModelsConfig | ClassifiersConfig) -> set[str]:
    """Return the kinds that a configuration names, including the default's."""
    return {_kind(table, name) for name in (table.default, *table.settings)}


def make_all(
    config: Config,
    noun: str,
    table: ModelsConfig | ClassifiersConfig,
    providers: Sequence[tuple[str, Provider[T]]],
    names: Collection[str],
) -> tuple[dict[str, T], dict[str, str]]:
    """Make values, each guarded separately.

    The result has the values and the problems, by name.

    ``noun`` names the values: ``model``, whose table is ``[models]``.
    """
    jobs = [partial(_make, _section(config, noun, table, name), _kind(table, name), name, providers) for name in names]
    made: dict[str, T] = {}
    problems: dict[str, str] = {}
    for name, outcome in zip(names, run_guarded(jobs, config.host.build_timeout), strict=True):
        if not isinstance(outcome, Failed):
            made[name] = outcome
        elif isinstance(error := outcome.error, AgentHostError):
            problems[name] = str(error)
        else:
            problems[name] = f"{config.place(f'{noun}s', name)}: {summary_of(error)}"
    return made, problems


def unchanged(
    table: ModelsConfig | ClassifiersConfig,
    before: Made[T],
    tables: Mapping[str, object],
    names: Collection[str],
) -> dict[str, T]:
    """Return the values of an earlier plan whose tables are as they were.

    Args:
        table: the configured tables.
        before: the earlier values, by name.
        tables: the tables that they were made by.
        names: the names in use.
    """
    so_far = before.so_far
    return {name: so_far[name] for name in names if name in so_far and tables.get(name) == table.settings.get(name)}


class Made(Mapping[str, T]):
    """Values by name, of which those of ``later`` are made at their first use."""

    def __init__(
        self, made: Mapping[str, T] = MappingProxyType({}), later: Mapping[str, Callable[[], T]] | None = None
    ) -> None:
        self._made = dict(made)
        self._later = later or {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made and name in self._later:
            self._made.setdefault(name, self._later[name]())
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._made, **self._later})

    def __len__(self) -> int:
        return len({**self._made, **self._later})

    def complete(self) -> None:
        """Make all values now."""
        for name in self._later:
            self[name]

    @property
    def so_far(self) -> Mapping[str, T]:
        """The values that have been made."""
        return self._made


def made_later(
    table: ModelsConfig | ClassifiersConfig, providers: Sequence[tuple[str, Provider[T]]], names: Iterable[str]
) -> dict[str, Callable[[], T]]:
    """Return those of the names whose values can be made at their first use.

    They are built in and have no table, so that nothing can fail.
    """
    later: dict[str, Callable[[], T]] = {}
    for name in names:
        fitting = [(plugin, provider) for plugin, provider in providers if provider.kind == name]
        if name not in table.settings and len(fitting) == 1 and fitting[0][0] in BUILT_IN:
            later[name] = partial(fitting[0][1].make, name, None)
    return later


@asynccontextmanager
async def closing(noun: str, made: Mapping[str, object]) -> AsyncIterator[None]:
    """Close values after the block, if they have ``close``."""
    try:
        yield
    finally:
        for name, value in made.items():
            close = getattr(value, "close", None)
            if close is not None:
                try:
                    await close()
                except Exception:
                    log = logging.getLogger(f"agenthost.{noun}s")
                    log.debug("closing %s %s failed", noun, name, exc_info=True)


def _kind(table: ModelsConfig | ClassifiersConfig, name: str) -> str:
    return str(table.settings.get(name, {}).get("kind", name))


def _section(config: Config, noun: str, table: ModelsConfig | ClassifiersConfig, name: str) -> Section:
    own = {key: value for key, value in table.settings.get(name, {}).items() if key != "kind"}
    return Section(noun, own, config.place(f"{noun}s", name), reserved=("kind",))


def _make(section: Section, kind: str, name: str, providers: Sequence[tuple[str, Provider[T]]]) -> T:
    """Make one value.

    Raises:
        ConfigurationError: no plugin or several make values of its kind, or its settings are wrong.
    """
    place, what = section.place, f"{section.noun}s of the kind {kind!r}"
    fitting = [(plugin, provider) for plugin, provider in providers if provider.kind == kind]
    if not fitting:
        known = ", ".join(sorted({provider.kind for _, provider in providers})) or "none"
        raise ConfigurationError(f"{place}: no plugin makes {what}. fix: set kind to one of {known}.")
    if len(fitting) > 1:
        plugins = " and ".join(plugin for plugin, _ in fitting)
        disable = fitting[-1][0].rpartition(":")[2]
        raise ConfigurationError(f'{place}: {plugins} both make {what}. Choose one: [plugins] disable = ["{disable}"]')
    [(_, provider)] = fitting
    if provider.settings is None:
        section.refuse()
        return provider.make(name, None)
    return provider.make(name, section.settings(provider.settings))
