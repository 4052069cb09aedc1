"""Naming: who is meant by a name; an agent's key is its own, what it calls itself others may call themselves too."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["by_name"]

T = TypeVar("T")


def by_name(agents: Iterable[tuple[str, str, T]]) -> dict[str, T]:
    """Agents by key, and by the names that only one of them has; a key wins over a name.

    Args:
        agents: of each its key, its name, and what stands for it.
    """
    by_key: dict[str, T] = {}
    named: dict[str, list[T]] = {}
    for key, name, agent in agents:
        by_key[key] = agent
        named.setdefault(name, []).append(agent)
    return {name: found[0] for name, found in named.items() if len(found) == 1} | by_key
