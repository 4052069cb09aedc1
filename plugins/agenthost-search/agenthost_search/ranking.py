"""Reciprocal rank fusion of lists of passages (Cormack, Clarke and Büttcher, 2009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CANDIDATES", "fused"]

CANDIDATES = 60
"""Passages of each list."""
_CONSTANT = 60
"""The constant of the paper. It keeps the first of one list from outweighing what both have."""


def fused(lists: Iterable[Sequence[int]]) -> list[tuple[int, float]]:
    """Return the numbers of passages with the sums of their reciprocal ranks, the best first.

    Args:
        lists: Numbers of passages, each list with the best first.
    """
    scores: dict[int, float] = {}
    for ranked in lists:
        for rank, number in enumerate(ranked, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (_CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
