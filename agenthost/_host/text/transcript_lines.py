"""Lines of transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_RESULT", "MOST_TEXT", "Line", "cut", "line_of", "written"]

MOST_TEXT = 16 * 1024
"""The longest message, in characters. Longer texts of models and tools are cut."""
MOST_RESULT = 4 * 1024
"""The longest stored result of a tool, in characters. Longer ones are cut."""
_CUT = " … [cut]"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@frozen
class Line:
    """One line of a transcript."""

    turn: int
    role: str
    """``user``, ``assistant``, ``tool`` for what a tool was asked and answered, ``failure`` where a turn has no answer.
    """
    text: str
    at: float
    """Seconds since 1970."""
    agent: str | None = None
    """The agent that speaks, or that has the tool; None for a person."""
    more: Mapping[str, Any] = field(factory=dict)
    """Further values, such as a tool's name and arguments."""

    def to_json(self) -> dict[str, Any]:
        """Return the line as stored, and as in ``--json``."""
        line: dict[str, Any] = {"turn": self.turn, "role": self.role, "text": self.text, "at": self.at}
        if self.agent is not None:
            line["agent"] = self.agent
        return line | ({"more": dict(self.more)} if self.more else {})


def cut(text: str, most: int = MOST_TEXT) -> str:
    """Cut a text to at most ``most`` characters."""
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def written(line: Line) -> str:
    """Encode a line for the store, as text, which is cheaper than objects."""
    return _encode(line.to_json()).decode()


def line_of(text: str) -> Line:
    """Decode a line from the store."""
    return Line(**_decode(text))
