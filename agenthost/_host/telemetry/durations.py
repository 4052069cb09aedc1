"""Durations, counted by slot, so that several processes can add them up."""

from __future__ import annotations

from bisect import bisect_left
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SLOTS", "quantile", "slot"]

_SHORTEST = 0.001
_STEP = sqrt(2)
_SLOTS = 36
_ENDS = [_SHORTEST * _STEP**number * (1 + 1e-10) for number in range(_SLOTS)]
"""The ends of all slots but the last one, with room for the errors of their computation."""
SLOTS = tuple(f"s{number:02}" for number in range(_SLOTS + 1))
"""The names of all slots, one text for all that count by them."""


def slot(seconds: float) -> int:
    """Return the slot that a time is counted in.

    Each slot ends at 1.41 times the end of the one before. The first ends at 1 ms.
    """
    return bisect_left(_ENDS, seconds)


def quantile(slots: Mapping[int, int], share: float) -> float | None:
    """Return the time within which a share of all answers came, in seconds.

    Within a slot, times are assumed to be spread evenly.

    ``share`` is between 0 and 1.
    """
    total = sum(slots.values())
    if total <= 0:
        return None
    left = share * total
    for each in sorted(slots):
        if slots[each] >= left and slots[each] > 0:
            low = _SHORTEST * _STEP ** (each - 1) if each else 0.0
            return round(low + (_SHORTEST * _STEP**each - low) * left / slots[each], 6)
        left -= slots[each]
    return round(_SHORTEST * _STEP ** max(slots), 6)
