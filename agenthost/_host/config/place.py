"""Places: file, line and key of a value, as messages name them: ``agenthost.toml:3: agents."acme:dental".rooms``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.line_numbers import Path

__all__ = ["NO_LINES", "Lines", "Place", "key_path"]

_BARE = r"[A-Za-z0-9_-]+"


class Lines:
    """The lines of a TOML document.

    They are looked up on first use.
    """

    __slots__ = ("_found", "_text")

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._found: Mapping[Path, int] | None = None

    def of(self, path: Path) -> int | None:
        """Return the line of a value, else that of its table.

        Return None if neither is in the document.
        """
        found = self._all()
        return next((found[path[:length]] for length in range(len(path), 0, -1) if path[:length] in found), None)

    def below(self, path: Path) -> Lines:
        """Return the lines of one table alone, without the text of the document."""
        own = Lines()
        own._found = {each: line for each, line in self._all().items() if each[: len(path)] == path}
        return own

    def _all(self) -> Mapping[Path, int]:
        """Return the lines by path.

        A table without a header has the line of its first key.
        """
        if self._found is None:
            from agenthost._host.config.line_numbers import toml_lines  # noqa: PLC0415  # only mistakes need a line

            written = toml_lines(self._text)
            found = dict(written)
            for path, line in written.items():
                for length in range(1, len(path)):
                    found.setdefault(path[:length], line)
            self._found = found
        return self._found


NO_LINES = Lines()


@frozen(repr=False)
class Place:
    """The place of a configured value in messages, such as ``agenthost.toml:3: host.port``."""

    file: str
    key: str = ""
    path: Path = ()
    lines: Lines = field(default=NO_LINES, repr=False, eq=False)

    def at(self, *steps: str | int) -> Place:
        """Return the place of a value in this table."""
        key = self.key
        for step in steps:
            key = f"{key}[{step}]" if isinstance(step, int) else key_path(key, step)
        return Place(self.file, key, (*self.path, *steps), self.lines)

    def alone(self) -> Place:
        """Return this place without the lines of the rest of the file."""
        return evolve(self, lines=self.lines.below(self.path))

    @property
    def in_file(self) -> str:
        """The file, with the line if there is one."""
        line = self.lines.of(self.path)
        return self.file if line is None else f"{self.file}:{line}"

    def __str__(self) -> str:
        return f"{self.in_file}: {self.key}" if self.key else self.in_file


def key_path(table: str, *names: str) -> str:
    """Return the path of a key.

    ``table`` is the key path of a table, empty for the whole file. ``names`` is the keys that lead on from there; what
    is not a bare key gets quoted (TOML 1.0, "Keys").
    """
    steps = [name if re.fullmatch(_BARE, name) else _quoted(name) for name in names]
    return ".".join([table, *steps] if table else steps)


def _quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
