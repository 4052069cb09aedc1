"""Line numbers in a TOML file, which tomllib does not keep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["toml_lines"]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PATH = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_TOKEN = re.compile(
    r"""
    (?P<string>\"\"\"(?:[^\\]|\\.)*?\"{3,5}|'''.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
    |(?P<comment>\#[^\n]*)
    |(?P<open>[\[{])|(?P<close>[\]}])
    |(?P<line>\n)
    |(?P<other>.)
    """,
    re.DOTALL | re.VERBOSE,
)
_HEADER = re.compile(rf"[ \t]*(?P<open>\[\[?)[ \t]*(?P<path>{_PATH})[ \t]*\]\]?")
_ASSIGNMENT = re.compile(rf"[ \t]*(?P<path>{_PATH})[ \t]*=")
_STEP = re.compile(rf"[ \t]*(?:\.[ \t]*)?({_KEY})")

Path = tuple[str | int, ...]


def toml_lines(text: str) -> Mapping[Path, int]:
    """Return the line of each table and key of a TOML document.

    Returns:
        Lines from 1 on, by path: ``("sip", "rules", 0, "agent")`` is the key ``agent`` in the first table of the array
        ``sip.rules``. A table in an inline array has a line, its keys have none.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    text = text.replace("\r\n", "\n")
    at, line = 0, 1
    while at < len(text):
        if header := _HEADER.match(text, at):
            path = _steps(header["path"], counts)
            if header["open"] == "[[":
                counts[path] = counts.get(path, -1) + 1
                path = (*path, counts[path])
            table = path
            lines.setdefault(table, line)
            at = header.end()
            at, line, _ = _value(text, at, line)
        elif key := _ASSIGNMENT.match(text, at):
            path = (*table, *_steps(key["path"], {}))
            lines.setdefault(path, line)
            at, line, inline = _value(text, key.end(), line)
            lines.update({(*path, index): where for index, where in enumerate(inline)})
        else:
            at, line, _ = _value(text, at, line)
    return lines


def _steps(path: str, counts: Mapping[Path, int]) -> Path:
    """Return the steps of a dotted key, with the indexes of arrays of tables."""
    steps: Path = ()
    names: list[str] = []
    at = 0
    while step := _STEP.match(path, at):
        names.append(_plain(step[1]))
        at = step.end()
    for index, name in enumerate(names):
        steps = (*steps, name)
        if steps in counts and index < len(names) - 1:
            steps = (*steps, counts[steps])
    return steps


def _plain(step: str) -> str:
    if step[0] in "\"'":
        import tomllib  # noqa: PLC0415 - only quoted keys need it

        try:
            return next(iter(tomllib.loads(f"{step} = 1")))
        except tomllib.TOMLDecodeError:  # tomllib refuses the whole document for it
            return step[1:-1]
    return step


def _value(text: str, at: int, line: int) -> tuple[int, int, list[int]]:
    """Return the place after a value, and the lines of inline tables in an array."""
    depth = 0
    inline: list[int] = []
    while token := _TOKEN.match(text, at):
        at = token.end()
        if token["open"]:
            depth += 1
            if token["open"] == "{" and depth == 2:  # noqa: PLR2004 - in an array
                inline.append(line)
        elif token["close"]:
            depth -= 1
        line += token[0].count("\n")
        if token["line"] and depth <= 0:
            break
    return at, line, inline
