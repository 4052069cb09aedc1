"""Manifest: the contents of the hosted distributions that one generation serves.

All processes of a generation have the same one. It is taken before the packages are imported, and what is imported
later is compared with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from agenthost._discovery import Candidate
    from agenthost._host.generations.contents import HeldFile, Readings

__all__ = ["HostedDistribution", "Manifest", "by_distribution", "modules_of"]


@frozen
class HostedDistribution:
    """A hosted distribution."""

    version: str
    digest: str
    offers: tuple[tuple[str, str, str], ...]
    """Group, name and value of its entry points."""
    approved: bool = True
    """False if the lock file keeps it from being loaded."""


@frozen
class Manifest:
    """The distributions of a generation, by their names."""

    distributions: Mapping[str, HostedDistribution] = field(factory=dict)

    @classmethod
    def of(
        cls,
        candidates: Iterable[Candidate],
        readings: Readings,
        refused: Container[str] = (),
        files: dict[str, tuple[str, HeldFile]] | None = None,
    ) -> Manifest:
        """Read the installed distributions of entry points.

        ``refused`` are those that the lock file keeps from being loaded. ``files`` takes, by path, each of their files
        with the name of its distribution.
        """
        found = {}
        for name, offers in by_distribution(candidates).items():
            contents, held = readings.with_files(offers[0].location, modules_of(offers))
            entries = tuple((each.group, each.name, each.value) for each in offers)
            found[name] = HostedDistribution(offers[0].version, contents.digest, entries, name not in refused)
            if files is not None:
                files.update((path, (name, file)) for path, file in held.items())
        readings.keep()
        return cls(found)

    def differing(self, other: Manifest) -> tuple[str, ...]:
        """Return the distributions that are not the same in another manifest, sorted."""
        names = {*self.distributions, *other.distributions}
        return tuple(sorted(n for n in names if self.distributions.get(n) != other.distributions.get(n)))


def by_distribution(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Return entry points by their distribution, without agenthost's own."""
    offers: dict[str, list[Candidate]] = {}
    for each in candidates:
        if each.distribution != "agenthost":
            offers.setdefault(each.distribution, []).append(each)
    return offers


def modules_of(offers: Iterable[Candidate]) -> list[str]:
    """Return the top-level modules that entry points name."""
    return sorted({offer.value.partition(":")[0].strip().partition(".")[0] for offer in offers})
