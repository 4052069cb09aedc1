"""Owners: the distributions and agents that hold short keys, routes and SIP aliases against newcomers.

The full key of an agent is ``distribution:name``. Its short key, ``name``, belongs to one distribution for good: to the
one that configuration names, else to the one that held it before, else to the only claimant.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["PROGRAM", "Owners", "full_key"]

PROGRAM = "program"
"""The owner of agents that a program registers."""


def full_key(distribution: str, name: str) -> str:
    """Return the key of an agent that no other installed package can change."""
    return f"{distribution}:{name}"


@frozen(eq=False, repr=False, slots=False)
class Owners:
    """Holders of keys, routes and aliases that only one agent can have."""

    keys: Mapping[str, str] = field(factory=dict)
    routes: Mapping[str, str] = field(factory=dict)
    """By route, the full key of the agent that is served there."""
    aliases: Mapping[str, str] = field(factory=dict)
    """By SIP alias, the full key of the agent that it reaches."""
    place: str = ""
    """The file that this was read from, for people; empty when nothing was read."""

    def before(self, others: Owners) -> Owners:
        """Return these owners, completed by those of ``others``."""
        merged = {name: {**getattr(others, name), **getattr(self, name)} for name in ("keys", "routes", "aliases")}
        return Owners(**merged, place=self.place if self.keys else others.place)

    def with_keys(self, keys: Mapping[str, str]) -> Owners:
        """Return the owners with new holders of short keys."""
        return evolve(self, keys={**self.keys, **keys})

    def with_served(self, routes: Mapping[str, str], aliases: Mapping[str, str]) -> Owners:
        """Return the owners with the routes and aliases that a host serves.

        A route or alias is free again if its holder is served elsewhere.

        ``routes`` has, by route, the full key of the agent that is served there. ``aliases`` has, by SIP alias, the
        full key of the agent that it reaches.
        """
        served = set(routes.values())
        return evolve(
            self,
            routes={**_without(self.routes, served), **routes},
            aliases={**_without(self.aliases, served), **aliases},
        )

    def route_of(self, agent: str) -> str | None:
        """Return the route that an agent, named by its full key, was last served at."""
        return next(iter(self.routes_of.get(agent, ())), None)

    @cached_property
    def routes_of(self) -> Mapping[str, list[str]]:
        """By full key of an agent, its routes."""
        return _by_holder(self.routes)

    @cached_property
    def aliases_of(self) -> Mapping[str, list[str]]:
        """By full key of an agent, its SIP aliases."""
        return _by_holder(self.aliases)

    def rows(self) -> list[dict[str, Any]]:
        """Return the short keys in order, each with package, routes and SIP aliases."""
        return [
            {
                "key": key,
                "distribution": distribution,
                "routes": sorted(self.routes_of.get(full_key(distribution, key), ())),
                "sip": sorted(self.aliases_of.get(full_key(distribution, key), ())),
            }
            for key, distribution in sorted(self.keys.items())
        ]

    def installed(self, distributions: Collection[str]) -> Owners:
        """Return the owners without routes and aliases of uninstalled distributions."""
        return evolve(
            self,
            routes={name: by for name, by in self.routes.items() if by.rpartition(":")[0] in distributions},
            aliases={name: by for name, by in self.aliases.items() if by.rpartition(":")[0] in distributions},
        )

    def without(self, key: str) -> Owners:
        """Return the owners without a short key's holder, its routes and aliases."""
        distribution = self.keys.get(key)
        if distribution is None:
            return self
        gone = {full_key(distribution, key)}
        keys = {name: holder for name, holder in self.keys.items() if name != key}
        return evolve(self, keys=keys, routes=_without(self.routes, gone), aliases=_without(self.aliases, gone))


def _by_holder(held: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, holder in held.items():
        found.setdefault(holder, []).append(name)
    return found


def _without(held: Mapping[str, str], holders: Iterable[str]) -> dict[str, str]:
    gone = frozenset(holders)
    return {name: holder for name, holder in held.items() if holder not in gone}
