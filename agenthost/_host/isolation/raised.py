"""What an author's code raised, as one process tells another of it."""

from __future__ import annotations

import traceback

from agenthost._error_words import words_of
from agenthost.errors import ArgumentsRefused, StateUnavailable

__all__ = ["MOST_WORDS", "told", "traceback_of"]

MOST_WORDS = 16 * 1024
"""Characters of a traceback, or of anything else in one piece, that are told."""


def told(error: BaseException) -> list[str]:
    """An exception as the host is told of it: sort, class, words, traceback."""
    sort = "failed"
    if isinstance(error, ArgumentsRefused):
        sort = "refused"
    elif isinstance(error, StateUnavailable):
        sort = "state"
    elif isinstance(error, TimeoutError):
        sort = "timeout"
    said = (sort, type(error).__name__, words_of(error)[:MOST_WORDS], "" if sort == "refused" else traceback_of(error))
    return [text.encode("utf-8", "backslashreplace").decode() for text in said]


def traceback_of(error: BaseException) -> str:
    """The end of its traceback."""
    try:
        return "".join(traceback.format_exception(error))[-MOST_WORDS:]
    except BaseException:  # noqa: BLE001 - an author's exception may fail to print itself, or more
        return f"{type(error).__name__} (it cannot be printed)"
