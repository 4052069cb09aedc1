"""Sequence diagrams in Mermaid's notation as SVG, without scripts.

GitHub draws such blocks itself, and ``agenthost docs`` prints them. Of the notation, what the pages use is drawn:
participants, solid and dashed arrows, and notes.
"""

from __future__ import annotations

import re
from html import escape
from textwrap import wrap

__all__ = ["BLOCK", "draw"]

BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PARTICIPANT = re.compile(r"participant (\w+)(?: as (.+))?")
_ARROW = re.compile(r"(\w+)(-->>|->>)(\w+): (.+)")
_NOTE = re.compile(r"Note over (\w+)(?:,\s*(\w+))?: (.+)")
_COLUMN, _ROW, _LINE, _MARGIN, _TOP = 170, 30, 16, 90, 56
_LETTERS = 7.2
_STYLE = (
    ".diagram text{font:13px system-ui,sans-serif;fill:currentColor}"
    ".diagram .box{fill:var(--color-background-secondary,#f6f8fa);stroke:currentColor}"
    ".diagram .life{stroke:currentColor;stroke-opacity:.35;stroke-dasharray:4 4}"
    ".diagram .arrow{stroke:currentColor;fill:none;stroke-width:1.3}"
    ".diagram .back{stroke-dasharray:5 4}"
    ".diagram .note{fill:var(--color-background-hover,#eaeef2);stroke:currentColor;stroke-opacity:.4}"
)


def draw(source: str, title: str) -> str:
    """Return a diagram as SVG.

    Args:
        source: the text of a block, which begins with ``sequenceDiagram``.
        title: its name for screen readers.

    Raises:
        ValueError: a line is not in the notation, or names an unknown participant.
    """
    first, *lines = [line.strip() for line in source.strip().splitlines()]
    if first != "sequenceDiagram":
        raise ValueError(f"{first!r} is not sequenceDiagram, the only kind that is drawn")
    names = {found[1]: found[2] or found[1] for line in lines if (found := _PARTICIPANT.fullmatch(line))}
    places = {name: _MARGIN + number * _COLUMN for number, name in enumerate(names)}
    parts: list[str] = []
    y = _TOP
    for line in lines:
        if not _PARTICIPANT.fullmatch(line):
            drawn, y = _step(line, places, y + _ROW)
            parts += drawn
    height = y + _ROW
    width = 2 * _MARGIN + (len(names) - 1) * _COLUMN
    heads = [each for name, x in places.items() for each in _head(names[name], x, height)]
    return (
        f'<figure class="diagram"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"<style>{_STYLE}</style>{''.join(heads + parts)}</svg></figure>"
    )


def _head(name: str, x: int, height: int) -> list[str]:
    words = wrap(name, 20)
    first = 29 - (len(words) - 1) * _LINE // 2
    return [
        f'<line class="life" x1="{x}" y1="48" x2="{x}" y2="{height}"/>',
        f'<rect class="box" x="{x - 75}" y="4" width="150" height="44" rx="6"/>',
        *(_text(x, first + number * _LINE, word) for number, word in enumerate(words)),
    ]


def _step(line: str, places: dict[str, int], y: int) -> tuple[list[str], int]:
    """Return a line's elements, and the place of the lowest one."""
    try:
        if arrow := _ARROW.fullmatch(line):
            start, kind, end, words = arrow.groups()
            return _arrow(places[start], places[end], kind == "-->>", words, y)
        if note := _NOTE.fullmatch(line):
            start, end, words = note.groups()
            return _note(places[start], places[end or start], words, y)
    except KeyError as error:
        raise ValueError(f"{line!r}: the participant {error} is not declared") from None
    raise ValueError(f"{line!r} is neither a participant, an arrow nor a note")


def _arrow(start: int, end: int, back: bool, words: str, y: int) -> tuple[list[str], int]:  # noqa: FBT001 - a kind
    style = "arrow back" if back else "arrow"
    if start == end:
        lines = wrap(words, int((_COLUMN - 50) / _LETTERS))
        parts = [_text(start + 34, y + number * _LINE, each, "start") for number, each in enumerate(lines)]
        low = y + max(len(lines) - 1, 1) * _LINE
        parts.append(f'<path class="{style}" d="M{start} {y - 8}h26v{low - y + 8}h-24"/>{_tip(start + 2, low, -1)}')
        return parts, low
    lines = wrap(words, int((abs(end - start) - 12) / _LETTERS))
    parts = [_text((start + end) // 2, y + number * _LINE, each) for number, each in enumerate(lines)]
    low = y + (len(lines) - 1) * _LINE + 8
    parts.append(f'<path class="{style}" d="M{start} {low}H{end}"/>{_tip(end, low, 1 if end > start else -1)}')
    return parts, low


def _tip(x: int, y: int, direction: int) -> str:
    return f'<path class="arrow" d="M{x - 7 * direction} {y - 4}L{x} {y}l{-7 * direction} 4"/>'


def _note(start: int, end: int, words: str, y: int) -> tuple[list[str], int]:
    left, right = min(start, end) - 75, max(start, end) + 75
    lines = wrap(words, int((right - left - 16) / _LETTERS))
    low = y + len(lines) * _LINE
    box = (
        f'<rect class="note" x="{left}" y="{y - 12}" width="{right - left}" height="{len(lines) * _LINE + 10}" rx="4"/>'
    )
    texts = [_text((left + right) // 2, y + 4 + number * _LINE, each) for number, each in enumerate(lines)]
    return [box, *texts], low


def _text(x: int, y: int, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
