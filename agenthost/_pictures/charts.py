"""Charts: one value over time, as SVG.

A chart has no styles of its own. Its elements have the classes ``chart``, ``grid`` and ``value``.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["chart"]

_WIDTH, _HEIGHT = 720, 150
_LEFT, _TOP, _BOTTOM = 70, 12, 22
_LINES = 2
_STEPS = (1, 2, 2.5, 5, 10)


def chart(values: Sequence[float | None], label: str, unit: str, first: str, last: str) -> str:
    """Return the chart of values at equal distances, the latest at the right.

    Args:
        values: None where there is no value, which leaves a gap.
        label: a sentence that has the same for those who do not see it.
        unit: of the values, written at the axis.
        first: the time of the first value.
        last: the time of the last one.
    """
    top = _round_up(max((value for value in values if value is not None), default=0.0))
    points = [
        None if value is None else (round(_LEFT + (_WIDTH - _LEFT) * n / max(1, len(values) - 1), 1), _y(value, top))
        for n, value in enumerate(values)
    ]
    return (
        f'<svg class="chart" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}">'
        f"{''.join(_grid(top, unit))}{''.join(_lines(points))}"
        f'<text class="axis" x="{_LEFT + 40}" y="{_HEIGHT - 5}">{escape(first)}</text>'
        f'<text class="axis" x="{_WIDTH}" y="{_HEIGHT - 5}">{escape(last)}</text></svg>'
    )


def _grid(top: float, unit: str) -> Iterator[str]:
    for n in range(_LINES + 1):
        value = top * n / _LINES
        y = _y(value, top)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_WIDTH}" y2="{y}"/>'
        yield f'<text class="axis" x="{_LEFT - 6}" y="{y + 4}">{_number(value)} {escape(unit)}</text>'


def _lines(points: Sequence[tuple[float, float] | None]) -> Iterator[str]:
    """Yield a line for each run of points, and a dot for a single one."""
    run: list[tuple[float, float]] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
        elif len(run) == 1:
            yield f'<circle class="value" cx="{run[0][0]}" cy="{run[0][1]}" r="2"/>'
            run = []
        elif run:
            yield f'<polyline class="value" points="{" ".join(f"{x},{y}" for x, y in run)}"/>'
            run = []


def _y(value: float, top: float) -> float:
    return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top), 1)


def _round_up(value: float) -> float:
    """Return the next round number, at least a small one."""
    power = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    while value <= power / 10 and power > 1e-3:  # noqa: PLR2004 - a millisecond in seconds
        power /= 10
    return next(power * step for step in _STEPS if value <= power * step)


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - where the other form has an exponent
