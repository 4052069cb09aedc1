"""Charts of docs/reference/performance.md, drawn from its table.

``tox -e benchmark -- --write`` draws them, and ``python benchmarks/charts.py`` does so without a measurement. They are
plain SVG, legible on a light and on a dark page.
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CHARTS", "Chart", "drawn", "rows_of"]

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "performance.md"
PLACE = PAGE.with_name("charts")
WIDTH, LABELS, BAR, GAP, TOP = 720, 300, 22, 10, 44
"""Sizes in pixels: of a chart, of its labels, of a bar and between two, and of the title."""
_WRITTEN = 60
"""Pixels of a number."""
_STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .own { fill: #0969da }
  .other { fill: #8c959f }
  .target { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .own { fill: #4493f8 }
    .other { fill: #7d8590 }
    .target { stroke: #f85149 }
  }
"""
_ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_VALUE = re.compile(r"([\d.]+) (\S+)$")


@frozen
class Chart:
    """A chart of one file.

    Args:
        name: the name of its file.
        title: its title, with the unit.
        rows: the beginnings of the rows of the table that it shows, each with the label of its first bar.
        target: where the line of the target is, in the unit of the rows; None without a line.
    """

    name: str
    title: str
    rows: tuple[tuple[str, str], ...]
    target: float | None = None


CHARTS = (
    Chart(
        "requests",
        "CPU time of a request (shorter is better)",
        (("document, `POST /sales` |", "document"), ("async tool call, `get_balance` |", "async tool call")),
    ),
    Chart("cold-start", "CPU time of a cold start on AWS Lambda", (("cold start to the first", "agenthost"),)),
    Chart(
        "reload",
        "Longest wait of a caller during a reload",
        (
            ("longest wait of a caller during `agenthost reload`, 1000 ", "1,000 agents"),
            ("longest wait of a caller during `agenthost reload`, 10000 ", "10,000 agents"),
        ),
    ),
    Chart(
        "reload-alone",
        "CPU time of a reload, 10,000 agents",
        (("CPU time of `agenthost reload small-0`, 10000 ", "one named agent"),),
        target=100,
    ),
    Chart(
        "scrape",
        "CPU time of the first scrape of a worker, 1,000 agents",
        (("first `/metrics` of a worker", "the first"),),
        target=50,
    ),
    Chart(
        "update",
        "99th percentile of an update of one key",
        (("`update` of one key by 16 tasks on SQLite", "16 tasks"),),
    ),
    Chart("history", "Messages that reach the model", (("messages that reach the model", "reach the model"),)),
    Chart("streamed-turn", "CPU time of a streamed turn, 40 words", (("streamed turn over sockets", "agenthost"),)),
    Chart(
        "voice-beside-text",
        "Longest wait of a voice caller next to 1 MB of text",
        (("longest wait of a voice caller while", "next to a text client"),),
        target=10,
    ),
    Chart(
        "memory",
        "Memory of a host",
        (
            ("memory of a built agent", ""),
            ("memory of an open stream", ""),
            ("memory that each of 20,000 made-up", ""),
        ),
    ),
)


def rows_of(page: str) -> list[tuple[str, ...]]:
    """Return the rows of the page's first table: measurement, agenthost, compared with, ratio, target."""
    table = page.partition(BEGIN)[2].partition(END)[0]
    return [found.groups() for found in _ROW.finditer(table) if found[1] not in ("measurement", "---")]


def drawn(chart: Chart, rows: Iterable[tuple[str, ...]]) -> str:
    """Return a chart as SVG.

    Raises:
        LookupError: the page has no such row.
    """
    bars = list(dict.fromkeys(_bars(chart, list(rows))))
    longest = max([value for _, value, _, _ in bars] + ([chart.target] if chart.target else [])) or 1.0
    height = TOP + len(bars) * (BAR + GAP) + GAP
    scale = (WIDTH - LABELS - 110) / longest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(chart.title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="24">{escape(chart.title)}</text>',
    ]
    for number, (label, value, written, own) in enumerate(bars):
        top = TOP + number * (BAR + GAP)
        width, middle = max(2.0, value * scale), top + 16
        after = LABELS + width + 8
        if chart.target and after < LABELS + chart.target * scale < after + _WRITTEN:  # not through the number
            after = LABELS + chart.target * scale + 8
        parts += [
            f'<text x="{LABELS - 10}" y="{middle}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{"own" if own else "other"}" x="{LABELS}" y="{top}" width="{width:.1f}" height="{BAR}"/>',
            f'<text x="{after:.1f}" y="{middle}">{escape(written)}</text>',
        ]
    if chart.target:
        place = LABELS + chart.target * scale
        parts.append(f'<line class="target" x1="{place:.1f}" y1="{TOP - 8}" x2="{place:.1f}" y2="{height - GAP}"/>')
        parts.append(f'<text x="{place:.1f}" y="{TOP - 14}" text-anchor="middle">target</text>')
    return "\n".join((*parts, "</svg>", ""))


def _bars(chart: Chart, rows: list[tuple[str, ...]]) -> Iterator[tuple[str, float, str, bool]]:
    """Yield label, length and text of each bar, and whether it is agenthost's."""
    for begins, label in chart.rows:
        found = [row for row in rows if f"{row[0]} |".startswith(begins)]
        if not found:
            msg = f"the table has no row that begins with {begins!r}"
            raise LookupError(msg)
        several = len(chart.rows) > 1
        for row in found:
            own, (name, _, others) = row[1], row[2].rpartition(": ")
            before, _, written = own.rpartition(": ")
            yield before or (f"{label}, agenthost" if several and name in _SIDES else label), *_length(written), True
            yield f"{label}, {name}" if several and label else name, *_length(others), False


_SIDES = ("raw ASGI", "signalwire-sdk")


def _length(written: str) -> tuple[float, str]:
    """Return a value in the smallest unit of its kind, and as text."""
    found = _VALUE.search(written)
    if found is None:
        msg = f"{written!r} is not a value with a unit"
        raise LookupError(msg)
    return float(found[1]) * {"s": 1000.0, "µs": 0.001}.get(found[2], 1.0), f"{found[1]} {found[2]}"


def main() -> int:
    """Draw every chart."""
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    PLACE.mkdir(exist_ok=True)
    for chart in CHARTS:
        (PLACE / f"{chart.name}.svg").write_text(drawn(chart, rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
