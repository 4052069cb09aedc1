"""Lookup of agents by key, name or route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Named", "by_name"]


class Named(Protocol):
    """An agent by all that names it."""

    @property
    def key(self) -> str:
        """Its key on this host."""

    @property
    def full_key(self) -> str:
        """The key that no other installed package can change."""

    @property
    def name(self) -> str:
        """Its own name, which others may have, too."""

    @property
    def route(self) -> str:
        """Its route."""


N = TypeVar("N", bound=Named)


def by_name(agents: Iterable[N]) -> dict[str, N]:
    """Index agents by key, else by unique name, else by full key, else by route."""
    agents = tuple(agents)
    named: dict[str, list[N]] = {}
    for agent in agents:
        named.setdefault(agent.name, []).append(agent)
    return {
        **{agent.route: agent for agent in agents},
        **{agent.full_key: agent for agent in agents},
        **{name: found[0] for name, found in named.items() if len(found) == 1},
        **{agent.key: agent for agent in agents},
    }
