"""An exception in words for people: printable, in one line, of bounded length.

What a package raises may hold anything: line breaks that forge a line of the log, control characters that move a
terminal's cursor, marks that turn the direction of writing, megabytes.
"""

from __future__ import annotations

__all__ = ["MOST", "message_of", "one_line", "summary_of", "words_of"]

MOST = 300
"""Characters of a line."""
_READ = 8
"""How many times as many are read: line breaks and indents in a row become one space."""


def words_of(error: BaseException) -> str:
    """An exception's own words as they are; a note where its ``__str__`` raises."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - an author's code
        return "(its words cannot be read)"


def message_of(error: BaseException, most: int = MOST) -> str:
    """An exception's own words in one line; empty where it has none."""
    return one_line(words_of(error), most)


def summary_of(error: BaseException, most: int = MOST) -> str:
    """An exception's class and its own words in one line, such as ``ValueError: no such day``."""
    name, message = type(error).__name__, message_of(error, most)
    return one_line(f"{name}: {message}" if message else name, most)


def one_line(text: str, most: int = MOST) -> str:
    """A text in one line: what cannot be printed becomes a space, and what is too much an ellipsis.

    Args:
        text: the text.
        most: characters of the result.
    """
    begin = text[: most * _READ]
    line = " ".join("".join([each if each.isprintable() else " " for each in begin]).split())
    if len(line) <= most and len(begin) == len(text):
        return line
    return f"{line[: most - 1]}…"
