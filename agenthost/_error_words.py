"""The text of an exception: printable, in one line, of bounded length.

A package's exception may contain anything: line breaks that forge a line of the log, control characters that move a
terminal's cursor, marks that change the direction of writing, megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST", "did_you_mean", "message_of", "one_line", "summary_of", "words_of"]

MOST = 300
"""The longest line, in characters."""
_READ = 8
"""Factor of characters to read, since line breaks and indents in a row become one space."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question with the nearest known name, or an empty text.

    It ends with a space, so that a sentence can follow.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # 6 ms that only a mistake has to pay

    nearest = get_close_matches(name, list(known), 1)
    return f"Did you mean {nearest[0]}? " if nearest else ""


def words_of(error: BaseException) -> str:
    """Return an exception's text, or a note if its ``__str__`` raises."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - an author's code
        return "(its words cannot be read)"


def message_of(error: BaseException, most: int = MOST) -> str:
    """Return an exception's text in one line, empty if it has none."""
    return one_line(words_of(error), most)


def summary_of(error: BaseException, most: int = MOST) -> str:
    """Return an exception's class and text in one line: ``ValueError: no such day``."""
    name, message = type(error).__name__, message_of(error, most)
    return one_line(f"{name}: {message}" if message else name, most)


def one_line(text: str, most: int = MOST) -> str:
    """Return a text as one short line.

    White space becomes a space, what cannot be shown is escaped, and what is too much becomes an ellipsis.

    ``most`` is the number of characters of the result.
    """
    begin = text[: most * _READ]
    line = escaped(" ".join(begin.split()))
    if len(line) <= most and len(begin) == len(text):
        return line
    return f"{line[: most - 1]}…"
