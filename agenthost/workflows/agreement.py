"""Agreement: which of several answers a group means, from the answers alone. Pure, and the same for the same input."""

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
    """How much two texts share: the cosine of how often each word stands in them, 0 to 1, whatever their case."""
    return _cosine(_words(one), _words(other))


def closest_to_all(texts: Sequence[str]) -> int:
    """The medoid: the place of the text that is most similar to all others; of equals, the first.

    Args:
        texts: at least one.
    """
    words = [_words(text) for text in texts]
    return max(range(len(texts)), key=lambda i: (_rounded(sum(_cosine(words[i], each) for each in words)), -i))


def most_said(texts: Sequence[str]) -> tuple[int, int]:
    """The answer that most give; of equals, the one given first.

    Case and spaces do not count, nor does punctuation beside words.

    Args:
        texts: at least one.

    Returns:
        The place of the first text that says it, and how many say it.
    """
    said = [" ".join(_WORD.findall(text.casefold())) or "".join(text.split()) for text in texts]
    counts = Counter(said)
    winner = max(counts, key=lambda each: (counts[each], -said.index(each)))
    return said.index(winner), counts[winner]


def most_voted(ballots: Sequence[int | None], answers: int) -> tuple[int | None, Mapping[int, int]]:
    """The answer with the most ballots; of equals, the first.

    Args:
        ballots: the place of an answer each; None abstains, as does a place where no answer is.
        answers: how many answers there are.

    Returns:
        The winner's place, None without a vote, and the votes of each place that got any.
    """
    votes = Counter(ballot for ballot in ballots if ballot is not None and 0 <= ballot < answers)
    winner = max(votes, key=lambda place: (votes[place], -place)) if votes else None
    return winner, dict(votes)


def shuffled(count: int, seed: str) -> tuple[int, ...]:
    """The places 0 to ``count`` - 1 in an order that only ``seed`` decides, in every process alike."""
    order = list(range(count))
    random.Random(blake2b(seed.encode(errors="replace"), digest_size=16).digest()).shuffle(order)  # noqa: S311 - no secret
    return tuple(order)


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    length = sqrt(sum(n * n for n in one.values())) * sqrt(sum(n * n for n in other.values()))
    return min(1.0, sum(n * other[word] for word, n in one.items()) / length) if length else 0.0


def _rounded(total: float) -> float:
    """A sum that does not depend on the order in which it was added up."""
    return round(total, 9)
