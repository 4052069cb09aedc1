"""The steps of a context as a picture: boxes, and arrows to where each leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["steps_picture"]

_WIDTH, _HEIGHT, _GAP, _LEFT = 240, 34, 26, 8
_BEND = 26
"""Distance between the lines of arrows that pass boxes."""
_MOST_NAME = 28


def steps_picture(steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the boxes and arrows of steps, in pixels.

    A step without ``next`` leads to the one after it, as the platform does.
    """
    places = {step["name"]: number for number, step in enumerate(steps)}
    arrows, bends = [], 0
    for number, step in enumerate(steps):
        follows = [steps[number + 1]["name"]] if number + 1 < len(steps) else []
        for name in step["next"] or ([] if step["ends"] else follows):
            to = number + 1 if name == "next" else places.get(name, number)
            if to == number or to >= len(steps):
                continue
            if to == number + 1:
                arrows.append(_down(number))
            else:
                bends += 1
                arrows.append(_around(number, to, bends))
    boxes = [
        {
            "y": _top(number),
            "name": step["name"] if len(step["name"]) <= _MOST_NAME else f"{step['name'][: _MOST_NAME - 1]}…",
            "ends": step["ends"],
        }
        for number, step in enumerate(steps)
    ]
    return {
        "width": _LEFT + _WIDTH + (bends + 1) * _BEND,
        "height": len(steps) * (_HEIGHT + _GAP),
        "box": {"x": _LEFT, "width": _WIDTH, "height": _HEIGHT},
        "boxes": boxes,
        "arrows": list(dict.fromkeys(arrows)),
    }


def _top(number: int) -> int:
    return 4 + number * (_HEIGHT + _GAP)


def _down(number: int) -> str:
    x = _LEFT + _WIDTH // 2
    return f"M{x} {_top(number) + _HEIGHT}V{_top(number + 1) - 3}"


def _around(number: int, to: int, bend: int) -> str:
    """Return a line past the boxes on their right side."""
    right = _LEFT + _WIDTH
    return (
        f"M{right} {_top(number) + _HEIGHT * 2 // 3}H{right + bend * _BEND - 8}V{_top(to) + _HEIGHT // 3}H{right + 3}"
    )
