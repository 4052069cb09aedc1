"""The text of an exception: printable, in one line, of bounded length.

A package's exception may contain anything: line breaks that forge a line of the log, control characters that move a
terminal's cursor, marks that change the direction of writing, megabytes.
"""

from __future__ import annotations

from agenthost._escaping import escaped

__all__ = ["MOST", "message_of", "one_line", "summary_of", "words_of"]

MOST = 300
"""The longest line, in characters."""
_READ = 8
"""Factor of characters to read, since line breaks and indents in a row become one space."""


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
