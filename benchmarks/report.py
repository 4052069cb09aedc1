"""The report: the figures as a Markdown table, and its place in the documentation."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PAGE", "Figure", "markdown", "note", "write", "write_some"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "performance.md"
RELIABILITY = PAGE.with_name("reliability.md")
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


@frozen
class Figure:
    """One row of the table.

    Args:
        what: what was measured.
        ours: what agenthost needs, with its unit.
        other: what the other side is, and needs.
        ratio: the comparison.
        unit: of the ratio, where it is a difference.
        least: what the ratio should at least be, where more is better.
        most: what the ratio should at most be, where less is better.
    """

    what: str
    ours: str
    other: str
    ratio: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def missed(self) -> bool:
        """True if the target is missed."""
        too_little = self.least is not None and self.ratio < self.least
        return too_little or (self.most is not None and self.ratio > self.most)

    def row(self) -> str:
        """Return the row of the table."""
        target = "–"
        if self.least is not None:
            target = f"at least {self.least:g}{self.unit}"
        elif self.most is not None:
            target = f"at most {self.most:g}{self.unit}"
        ratio = f"{self.ratio:.{1 if self.ratio >= 10 else 2}f}{self.unit}"  # noqa: PLR2004 - three digits
        return f"| {self.what} | {self.ours} | {self.other} | {ratio} | {target}{' (missed)' * self.missed} |"


def markdown(figures: Iterable[Figure], sdk: str) -> str:
    """Return the table, and the machine and versions that were measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("litestar", "uvicorn", "uvloop", "httptools"))
    return "\n".join(
        (
            "| measurement | agenthost | compared with | ratio | target |",
            "|---|---|---|---|---|",
            *(figure.row() for figure in figures),
            "",
            f"Measured on {datetime.now(UTC):%Y-%m-%d} with `tox -e benchmark -- --write`:",
            f"{_processor()}, {platform.system()}, Python {platform.python_version()},",
            f"agenthost {version('agenthost')}, {versions}, {sdk.replace('==', ' ')}.",
        )
    )


def note(group: str, figures: Iterable[Figure], command: str, page: Path | None = None) -> None:
    """Put the figures of a group between its markers in a page.

    By default, it is the reliability page.
    """
    head = "| measurement | agenthost | compared with | ratio | target |\n|---|---|---|---|---|"
    rows = "\n".join(figure.row() for figure in figures)
    told = f"{_processor()}, {platform.system()}, Python {platform.python_version()}"
    text = f"{head}\n{rows}\n\nMeasured on {datetime.now(UTC):%Y-%m-%d} with `{command}`: {told}."
    _put(page or RELIABILITY, f"<!-- {group}: begin -->", text, f"<!-- {group}: end -->")


def write(table: str) -> None:
    """Put the table between the markers of the page."""
    _put(PAGE, BEGIN, table, END)


def write_some(figures: Iterable[Figure], groups: Iterable[str]) -> None:
    """Replace the rows of some groups in the table, and add new ones."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    lines, after = table.split("\n\n", 1)[0].splitlines(), table.split("\n\n", 1)[1]
    for figure in figures:
        row, place = figure.row(), _place(lines, figure)
        lines[place : place + 1] = [row]
    told = f"Of these, {', '.join(groups)}: measured on {datetime.now(UTC):%Y-%m-%d}, with `tox -e benchmark --"
    kept = [part for part in after.split("\n\n") if not part.startswith("Of these, ")]
    _put(PAGE, BEGIN, "\n\n".join(("\n".join(lines), *kept, f"{told} {' '.join(groups)} --write`.")), END)


def _place(lines: list[str], figure: Figure) -> int:
    """Return the line of a figure with the same other side, or the end."""
    begins, other = f"| {figure.what} |", figure.other.rpartition(": ")[0]
    same = (
        number
        for number, line in enumerate(lines)
        if line.startswith(begins) and line.split(" | ")[2].rpartition(": ")[0] == other
    )
    return next(same, len(lines))


def _put(page: Path, begin: str, content: str, end: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{content}\n\n{end}{after}", encoding="utf-8")


def _processor() -> str:
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = re.findall(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return f"{len(names)} cores of {names[0]}" if names else platform.machine()
