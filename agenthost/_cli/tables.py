"""Tables of text: columns as wide as they need to be, each row followed by what mends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["agent_rows", "print_json", "print_rows"]


def print_json(value: Any) -> None:
    """Print ``value`` for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_rows(header: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> None:
    """Print a table.

    Args:
        header: the columns' names.
        rows: cells, and a remedy that is printed below them where there is one.
    """
    rows = list(rows)
    widths = [max(len(line[i]) for line in (header, *(cells for cells, _ in rows))) for i in range(len(header))]
    lines = []
    for cells, remedy in ((header, ""), *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"  {line}".rstrip())
        if remedy:
            lines.append(f"    mend it:  {remedy}")
    click.echo("\n".join(lines))


def agent_rows(report: Mapping[str, Any]) -> list[tuple[list[str], str]]:
    """The rows of a plan's agents: agent, route, tools, sip, package, state."""
    return [
        (
            [
                row["agent"],
                row["route"] or "–",
                str(len(row["tools"])) if row["state"] == "ready" else "–",
                " ".join(row["sip"]) or "–",
                f"{row['package']} {row['version']}".strip(),
                row["state"] + (f": {row['reason']}" if "reason" in row else ""),
            ],
            row.get("remedy", ""),
        )
        for row in report["agents"]
    ]


AGENT_COLUMNS = ("agent", "route", "tools", "sip", "package", "state")
