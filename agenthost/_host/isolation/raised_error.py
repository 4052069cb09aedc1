"""Exceptions of authors' code, in the form that one process sends to another."""

from __future__ import annotations

import traceback

from agenthost._error_words import words_of
from agenthost.errors import ArgumentsRefused, StateUnavailable

__all__ = ["MOST_WORDS", "error_fields", "traceback_of"]

MOST_WORDS = 16 * 1024
"""The most characters of a traceback, or of any other text, that are sent."""


def error_fields(error: BaseException) -> list[str]:
    """Return an exception as its sort, class, words and traceback."""
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
    """Return the end of the traceback of an exception."""
    try:
        return "".join(traceback.format_exception(error))[-MOST_WORDS:]
    except BaseException:  # noqa: BLE001 - an author's exception may fail to print itself, or more
        return f"{type(error).__name__} (it cannot be printed)"
