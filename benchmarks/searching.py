"""The time of a search in an index of 10,000 passages: ``python benchmarks/searching.py``.

It needs agenthost-search and NumPy. The texts are made of words whose frequencies follow Zipf's law, and of the words
that questions consist of. Vectors are random, as only their number counts. The time of a model is not part of it.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from agenthost_search import Passage, SqliteIndex
from agenthost_search.building import write

PASSAGES = 10_000
WORDS = 150
VOCABULARY = 20_000
DIMENSIONS = 384
QUESTIONS = 500
COMMON = [f"common{number}" for number in range(20)]
LIMIT = 5.0
"""Milliseconds that a search may take."""


class Model:
    """A model whose vectors are random."""

    model = "random"

    def __init__(self) -> None:
        self._random = np.random.default_rng(7)

    def of_query(self, text: str) -> np.ndarray:
        """Return the vector of a question."""
        return self.of_passages([text])[0]

    def of_passages(self, texts: list[str]) -> np.ndarray:
        """Return a vector for each passage."""
        found = self._random.standard_normal((len(texts), DIMENSIONS), dtype="f4")
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def main() -> int:
    """Print the times, and return 1 if a median exceeds the limit."""
    chance = random.Random(7)  # noqa: S311 - the same texts each time
    words = COMMON + [f"w{number}" for number in range(VOCABULARY)]
    shares = [1 / (rank + 1) for rank in range(len(words))]
    passages = [
        Passage(" ".join(chance.choices(words, shares, k=WORDS)), f"{number // 20}.md", f"Part {number}", 1, 9)
        for number in range(PASSAGES)
    ]
    questions = [" ".join(["what is the", *chance.choices(words, shares, k=6)]) for _ in range(QUESTIONS)]
    missed = False
    with tempfile.TemporaryDirectory() as kept:
        for name, model in (("words", None), ("words and vectors", Model())):
            file = Path(kept, f"{name}.sqlite")
            write(passages, file, model)
            index = SqliteIndex(file, model)
            index.search(questions[0])
            cold, warm = times(index, questions), times(index, questions)
            index.close()
            size = file.stat().st_size / 1e6
            missed |= median(warm) > LIMIT
            for state, found in (("first", cold), ("again", warm)):
                shown = f"median {median(found):.2f} ms, 95 % below {quantiles(found, n=20)[-1]:.2f} ms"
                print(f"{name}, {state}: {shown} of CPU, {size:.1f} MB")
    return int(missed)


def times(index: SqliteIndex, questions: list[str]) -> list[float]:
    """Return the milliseconds of CPU that each question takes."""
    found = []
    for question in questions:
        begun = time.process_time()
        index.search(question)
        found.append((time.process_time() - begun) * 1000)
    return found


if __name__ == "__main__":
    sys.exit(main())
