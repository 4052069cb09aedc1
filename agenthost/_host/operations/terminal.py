"""Output for people: tables of text, and the banner of a serving host."""

from __future__ import annotations

import re
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from agenthost._escaping import escaped
from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenthost._host.config.schema import Config

__all__ = [
    "AGENT_COLUMNS",
    "agent_rows",
    "banner",
    "failed_plugins",
    "failures",
    "folded",
    "on_terminal",
    "table",
    "terminal_width",
]

_GAP = "  "
_PIECE = r"\S+?(?:(?<=[a-z0-9]:)(?=[a-z])|(?=\s)|$)\s*"
"""A word, with the space after it. ``package:`` before a name is a word, too."""
_SERVED = ("ready", "not built yet")
AGENT_COLUMNS = ("agent", "route", "tools", "sip", "package", "state")


def table(header: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> str:
    """Format a table of text.

    Each column is as wide as it needs to be. On a narrow terminal, cells are folded.

    What cannot be printed is escaped, so that a row stays one.

    Each row has cells, and a remedy that is printed below them if there is one.
    """
    rows = [(header, ""), *(_escaped(cells, remedy) for cells, remedy in rows)]
    columns = list(zip(*(cells for cells, _ in rows), strict=True))
    whole = [max(map(len, column)) for column in columns]
    widths = _widths(columns, whole, terminal_width())
    line = _GAP + _GAP.join(f"{{:{width}}}" for width in widths)
    lines = []
    for cells, remedy in rows:
        parts = [cells] if widths == whole else _parts(cells, widths)
        lines += [line.format(*part).rstrip() for part in parts]
        if remedy:
            lines.append(f"    fix:  {remedy}")
    return "\n".join(lines)


def _escaped(cells: Sequence[str], remedy: str) -> tuple[Sequence[str], str]:
    if "".join(cells).isprintable() and not remedy:  # which almost every row is, and a list has thousands
        return cells, remedy
    return [escaped(cell) for cell in cells], escaped(remedy)


def on_terminal() -> bool:
    """Return True if what is printed is shown to a person."""
    return sys.stdout is not None and sys.stdout.isatty()


def terminal_width() -> int | None:
    """Return the width of the terminal, or None if the output goes elsewhere."""
    if not on_terminal():
        return None
    import shutil  # noqa: PLC0415 - costs 3 ms

    return shutil.get_terminal_size().columns


def folded(text: str, width: int) -> list[str]:
    """Fold a text between words and after the package of a key.

    A word is never cut.

    ``width`` is the number of characters of a line.
    """
    if len(text) <= width:
        return [text]
    lines = [""]
    for piece in re.findall(_PIECE, text):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _parts(cells: Sequence[str], widths: Sequence[int]) -> Iterable[Sequence[str]]:
    """Return the lines of a row, with their part of each cell."""
    return zip_longest(*(folded(cell, width) for cell, width in zip(cells, widths, strict=True)), fillvalue="")


def _widths(columns: Sequence[Sequence[str]], whole: Sequence[int], screen: int | None) -> Sequence[int]:
    """Return the width of each column.

    The widest columns shrink until the table fits. If words are too long for that, none shrinks.
    """
    widths, shrinking = [*whole], set(range(len(columns)))
    while screen is not None and sum(widths) + len(_GAP) * len(widths) > screen:
        if not shrinking:
            return whole
        widest = max(shrinking, key=widths.__getitem__)
        narrower = max(len(line) for cell in columns[widest] for line in folded(cell, widths[widest] - 1))
        if narrower == widths[widest]:
            shrinking.remove(widest)
        widths[widest] = narrower
    return widths


def agent_rows(report: Mapping[str, Any]) -> list[tuple[list[str], str]]:
    """Return a plan's agents as rows in the order of ``AGENT_COLUMNS``."""
    return [
        (
            [
                row["agent"],
                row["route"] or "–",
                str(len(row["tools"])) if row["state"] in _SERVED else "–",
                " ".join(row["sip"]) or "–",
                f"{row['package']} {row['version']}".strip(),
                _state(row),
            ],
            row.get("remedy", ""),
        )
        for row in report["agents"]
    ]


def _state(row: Mapping[str, Any]) -> str:
    """Format an agent's state, reason and isolation."""
    own = ", own process" if row.get("isolation") == "process" else ""
    return f"{row['state']}{own}" + (f": {row['reason']}" if "reason" in row else "")


def failed_plugins(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each plugin that failed, and one with its fix."""
    failed = [plugin for plugin in report["plugins"] if "reason" in plugin]
    return [
        escaped(line)
        for plugin in failed
        for line in (
            f"  plugin {plugin['plugin']} ({plugin['package']} {plugin['version']}): {plugin['reason']}",
            f"    fix:  {plugin['remedy']}",
        )
    ]


def failures(report: Mapping[str, Any]) -> list[str]:
    """Return a log line for each agent and plugin that failed, with its fix."""
    rows = [("agent", row["agent"], row) for row in report["agents"]]
    rows += [("plugin", row["plugin"], row) for row in report["plugins"]]
    return [
        f"{sort} {name} ({row['package']} {row['version']}) is not served: {row['state']}: {row['reason']}; "
        f"fix: {row['remedy']}"
        for sort, name, row in rows
        if "reason" in row
    ]


def banner(config: Config, url: str, report: Mapping[str, Any], *, made: bool, terminal: bool) -> str:
    """Return the served agents on one screen, with a command to paste.

    With ``made``, the host generated its password; a configured one is not shown. ``terminal`` is True if a person
    reads it; elsewhere, as in a journal, the file of the password is named instead.
    """
    host = config.host
    password = next((each.reveal() for each in host.accepted_passwords), "")
    kept = f"{host.state_dir}/password"
    lines = [f"agenthost {__version__} on {url}"]
    if not made:
        lines.append(f"  user {host.user}, password as configured")
    elif terminal:
        lines.append(f"  user {host.user}, password {password} (made for this machine, kept in {host.state_dir})")
    else:
        lines.append(f"  user {host.user}, password in {kept} (made for this machine)")
    if host.public_url:
        lines.append(f"  callers reach it at {host.public_url}")
    else:
        lines.append(
            "  SignalWire cannot reach this address: set public_url in agenthost.toml (or SWML_PROXY_URL_BASE) "
            "before pointing a number here."
        )
    served = [row for row in report["agents"] if row["state"] in _SERVED]
    base = url if host.uds is None else ""
    if config.console.enabled:
        lines.append(f"  console {base}/-/")
    if served:
        lines.append(f"  in text at {base}/v1, an OpenAI-compatible API with the agents as models")
    lines += [table(AGENT_COLUMNS, agent_rows(report)), *failed_plugins(report)]
    if served:
        pair = f"{host.user}:{password}" if made and terminal else host.user  # curl prompts for the rest
        import shlex  # noqa: PLC0415 - only where a host has started

        quoted = "'" + pair.replace("'", "'\\''") + "'"
        if made and not terminal:
            quoted += f':"$(cat {shlex.quote(kept)})"'
        where = f"{url}{served[-1]['route']}"
        if host.uds is not None:
            where = f"--unix-socket {shlex.quote(host.uds)} http://localhost{served[-1]['route']}"
        lines.append(f"  try:  curl -u {quoted} {where}")
    return "\n".join(lines)
