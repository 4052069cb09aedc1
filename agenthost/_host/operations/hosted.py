"""Hosted distributions: agenthost, whatever offers it something, and all that these require."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from attrs import field, frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from agenthost._discovery import discover

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Hosted", "hosted_distributions", "with_requirements"]


@frozen
class Hosted:
    """An installed distribution whose code the host may run."""

    name: str
    """Canonical."""
    version: str
    metadata: Distribution = field(eq=False, repr=False)
    requires: tuple[str, ...] = ()
    """The installed distributions that it requires itself, in order of their names."""

    @property
    def location(self) -> str:
        """The directory of its metadata, empty where there is none."""
        return str(getattr(self.metadata, "_path", ""))


def hosted_distributions() -> tuple[Hosted, ...]:
    """Return the hosted distributions, in order of their names."""
    return with_requirements({"agenthost", *(candidate.distribution for candidate in discover())})


def with_requirements(names: Iterable[str]) -> tuple[Hosted, ...]:
    """Return distributions and all that they require, in order of their names.

    Extras count where something asks for them. What is not installed is left out.
    """
    found: dict[str, tuple[Distribution, set[str]]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(name), "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            metadata, requires = found.get(name) or (distribution(name), set[str]())
        except (PackageNotFoundError, ValueError):
            continue
        found[name] = metadata, requires
        for wanted in _requirements(metadata, extra):
            required = canonicalize_name(wanted.name)
            requires.add(required)
            waiting += [(required, each) for each in ("", *wanted.extras)]
    return tuple(
        Hosted(name, metadata.version, metadata, tuple(sorted(requires & found.keys())))
        for name, (metadata, requires) in sorted(found.items())
    )


def _requirements(metadata: Distribution, extra: str) -> Iterator[Requirement]:
    for line in metadata.requires or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
            yield wanted
