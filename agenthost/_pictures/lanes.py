"""Picture of a call: lanes for the caller, the agents and their functions.

It has no styles of its own. Its elements have classes: ``lane`` and ``head`` for a lane, and the kind of each arrow.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CALLER", "Lanes"]

CALLER = "caller"
_LANE = 250
_ROW = 34
_TOP = 46
_MOST_LETTERS = 38
"""Letters of a label. The whole text is shown under the pointer."""
_MOST_ROWS = 400
_MOST_TOLD = 1000


@define
class Lanes:
    """A picture in the making.

    ``kind_of`` returns the kind of a lane: ``person``, ``agent`` or ``function``. ``caller`` and ``more`` are the words
    for the first lane, and for rows that are left out.
    """

    kind_of: Callable[[str], str]
    lanes: list[str] = field(factory=list)
    caller: str = CALLER
    more: str = "and so on"
    _rows: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.lanes = list(dict.fromkeys((CALLER, *self.lanes)))

    @property
    def full(self) -> bool:
        """True once the picture takes no more rows."""
        return len(self._rows) > _MOST_ROWS

    def arrow(self, begin: str, end: str, text: str, kind: str) -> None:
        """Draw an arrow between two lanes, or only its text for a single one."""
        if self.full:
            return
        if len(self._rows) == _MOST_ROWS:
            begin, end, text, kind = CALLER, CALLER, self.more, "note"
        first, last, y = self._x(begin), self._x(end), _TOP + len(self._rows) * _ROW + 20
        kind = escape(kind)
        line = (
            f'<line class="{kind}" x1="{first}" y1="{y + 6}" x2="{last}" y2="{y + 6}" marker-end="url(#end)"/>'
            if first != last
            else ""
        )
        label = f'<text class="{kind}" x="{(first + last) // 2}" y="{y}">{_short(text)}</text>'
        self._rows.append(f"<g>{_whole(text)}{line}{label}</g>")

    def svg(self, label: str) -> str:
        """Return the picture."""
        width, height = len(self.lanes) * _LANE, _TOP + len(self._rows) * _ROW + 20
        lanes = "".join(
            f'<line class="lane" x1="{self._x(lane)}" y1="{_TOP - 10}" x2="{self._x(lane)}" y2="{height}"/>'
            f'<text class="head {self.kind_of(lane)}" x="{self._x(lane)}" y="22">{_short(self._name(lane))}</text>'
            for lane in self.lanes
        )
        return (
            f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" width="{width}">'
            '<defs><marker id="end" class="end" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
            '<path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
            f"{lanes}{''.join(self._rows)}</svg>"
        )

    def _name(self, lane: str) -> str:
        return self.caller if lane == CALLER else lane

    def _x(self, lane: str) -> int:
        if lane not in self.lanes:
            self.lanes.append(lane)
        return _LANE // 2 + self.lanes.index(lane) * _LANE


def _whole(text: str) -> str:
    return f"<title>{escape(text[:_MOST_TOLD])}</title>" if len(text) > _MOST_LETTERS else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    cut = line if len(line) <= _MOST_LETTERS else f"{line[: _MOST_LETTERS - 1]}…"
    return escape(cut)
