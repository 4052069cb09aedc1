"""Pictures of terminals: the output of a command as SVG, for the documentation."""

from __future__ import annotations

import re
from html import escape, unescape

__all__ = ["lines_of", "terminal_picture"]

_SVG = "http://www.w3.org/2000/svg"
_SIZE, _LINE, _CHARACTER, _EDGE = 13, 19, 7.82, 18
_COLOURS = (
    (re.compile(r"^\$ .*"), "#e6edf3"),
    (re.compile(r"\bready\b"), "#7ee787"),
    (re.compile(r"https?://[^\s,]+"), "#79c0ff"),
)
_LINE_OF = re.compile(r'<text[^>]*class="line"[^>]*>(.*?)</text>')


def terminal_picture(title: str, lines: list[str]) -> str:
    """Return an SVG with lines of a terminal.

    Args:
        title: the title, for screen readers.
        lines: the lines, the first of which is the command.
    """
    width = round(max(map(len, lines)) * _CHARACTER + 2 * _EDGE)
    height = len(lines) * _LINE + 2 * _EDGE
    drawn = [
        f'<text class="line" x="{_EDGE}" y="{_EDGE + _LINE * number + _SIZE}" xml:space="preserve">'
        f"{_coloured(line)}</text>"
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="{_SVG}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            f'<g fill="#c9d1d9" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{_SIZE}">',
            *drawn,
            "</g>",
            "</svg>",
            "",
        ]
    )


def lines_of(svg: str) -> list[str]:
    """Return the lines of a picture."""
    return [unescape(re.sub(r"<[^>]+>", "", line)) for line in _LINE_OF.findall(svg)]


def _coloured(line: str) -> str:
    for pattern, colour in _COLOURS:
        if found := pattern.search(line):
            before, words, after = line[: found.start()], found[0], line[found.end() :]
            return f'{escape(before)}<tspan fill="{colour}">{escape(words)}</tspan>{escape(after)}'
    return escape(line)
