"""Lookup of agents by name, where unique keys take precedence over declared names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["by_name"]

T = TypeVar("T")


def by_name(agents: Iterable[tuple[str, str, T]]) -> dict[str, T]:
    """Index agents by key, and by names that only one of them has."""
    by_key: dict[str, T] = {}
    named: dict[str, list[T]] = {}
    for key, name, agent in agents:
        by_key[key] = agent
        named.setdefault(name, []).append(agent)
    return {name: found[0] for name, found in named.items() if len(found) == 1} | by_key
