"""Words of messages and of tools: without endings, and without those that carry nothing."""

from __future__ import annotations

import re

__all__ = ["WORD", "carrying", "spoken", "stem", "stems", "word_set"]

WORD = re.compile(r"[^\W_]+")
_SPOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SHORTEST = 3


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text that are separated by spaces.

    Args:
        text: the words.
    """
    return frozenset(text.split())


_STOP = word_set(
    "a an and are as at be by can could do does for from get give have how i if in is it know let like me my need of on"
    " or please so some tell that the their them there they this to too us want was we what when where which who why"
    " will with would you your"
)


def stem(word: str) -> str:
    """Return a word without its ending."""
    for ending in ("ing", "ies", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


def carrying(text: str) -> list[str]:
    """Return the words of a text that carry it, in order."""
    return [word for word in WORD.findall(text.casefold().replace("_", " ")) if word not in _STOP]


def stems(text: str) -> set[str]:
    """Return the stems of the words that carry a text."""
    return {stem(word) for word in carrying(text)}


def spoken(text: str) -> list[str]:
    """Return all words of a text, in order, ``don't`` as one."""
    return _SPOKEN.findall(text.casefold().replace("\u2019", "'"))
