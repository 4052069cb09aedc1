"""Words of a question, and their form in the language of SQLite's FTS5."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

__all__ = ["matching", "words_of"]

_MOST_WORDS = 32
_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the different words of a text, without those of any question.

    They are at most 32. A text of nothing else keeps all of them.
    """
    found = list(dict.fromkeys(_WORD.findall(text.casefold())))
    return ([word for word in found if word not in _common()] or found)[:_MOST_WORDS]


def matching(words: list[str]) -> str:
    """Return the expression of FTS5 for texts with any of the words.

    Each is a phrase in quotation marks, in which nothing has a meaning.
    """
    return " OR ".join(f'"{word}"' for word in words)


@cache
def _common() -> frozenset[str]:
    """Return the words that questions in English, German, Spanish and French consist of."""
    file = resources.files("agenthost_search") / "common_words.txt"
    return frozenset(file.read_text("utf-8").split())
