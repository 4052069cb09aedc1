"""Agreement among several answers, computed from the answers alone.

The functions are pure: the same input gives the same result.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from hashlib import blake2b
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["closest_to_all", "most_said", "most_voted", "shuffled", "similarity"]

_WORD = re.compile(r"\w+")


def similarity(one: str, other: str) -> float:
    """Return the cosine of two texts' word counts, 0 to 1, ignoring case."""
    return _cosine(_words(one), _words(other))


def closest_to_all(texts: Sequence[str]) -> int:
    """Return the medoid: the index of the text most similar to all others.

    The first of equals wins.

    Args:
        texts: at least one.
    """
    words = [_words(text) for text in texts]
    return max(range(len(texts)), key=lambda i: (_rounded(sum(_cosine(words[i], each) for each in words)), -i))


def most_said(texts: Sequence[str]) -> tuple[int, int]:
    """Find the most frequent answer.

    The first of equals wins. Case, spaces and punctuation around words do not count.

    Args:
        texts: at least one.

    Returns:
        The index of the first text with this answer, and the number of such texts.
    """
    said = [" ".join(_WORD.findall(text.casefold())) or "".join(text.split()) for text in texts]
    counts = Counter(said)
    winner = max(counts, key=lambda each: (counts[each], -said.index(each)))
    return said.index(winner), counts[winner]


def most_voted(ballots: Sequence[int | None], answers: int) -> tuple[int | None, Mapping[int, int]]:
    """Count ballots, and return the winner.

    The first of equals wins.

    Args:
        ballots: the index of an answer each. None and invalid indexes are abstentions.
        answers: the number of answers.

    Returns:
        The index of the winner, None without a vote, and the votes of each index.
    """
    votes = Counter(ballot for ballot in ballots if ballot is not None and 0 <= ballot < answers)
    winner = max(votes, key=lambda place: (votes[place], -place)) if votes else None
    return winner, dict(votes)


def shuffled(count: int, seed: str) -> tuple[int, ...]:
    """Return the indexes 0 to ``count`` - 1, in an order that only ``seed`` determines."""
    order = list(range(count))
    random.Random(blake2b(seed.encode(errors="replace"), digest_size=16).digest()).shuffle(order)  # noqa: S311 - not a secret
    return tuple(order)


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    length = sqrt(sum(n * n for n in one.values())) * sqrt(sum(n * n for n in other.values()))
    return min(1.0, sum(n * other[word] for word, n in one.items()) / length) if length else 0.0


def _rounded(total: float) -> float:
    """Round a sum, so that the order of the addends does not matter."""
    return round(total, 9)
