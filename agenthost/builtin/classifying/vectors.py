"""A classifier by meaning, for plugins with any model that returns vectors.

The texts of a set of agents are embedded once, and the confidence is calibrated by them. The similarity of words may be
mixed in. ``lexical`` decides until the texts have been embedded, and whenever there is no vector.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from typing import TYPE_CHECKING

import attrs

from agenthost import Choice, Decision
from agenthost.builtin.classifying.lexical import Lexical
from agenthost.conversation.empty_words import says_nothing
from agenthost.conversation.matter import matter
from agenthost.conversation.vector_index import VectorIndex, texts_of, unit_vector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agenthost import ClassifierTools, Match, Store
    from agenthost.builtin.classifying.lexical import LexicalIndex
    from agenthost.conversation.vector_index import Vector

__all__ = ["VectorClassifier"]

_KEPT_INDEXES = 64
_AT_ONCE = 16
"""Texts of agents after which a message may go first."""
_PART_OF_TIME = 0.8
"""The part of the time for a decision that may pass until the agents have been embedded."""

_log = logging.getLogger("agenthost.classifiers")


class VectorClassifier:
    """A classifier that compares meanings by the vectors of a model.

    Args:
        name: the classifier's name in the configuration.
        embed: returns the vector of each text. All vectors have the same length.
        words: the weight of a similarity of words, 0 to 1, in standard deviations of similarities of meaning.
        timeout: seconds to embed one message.
        wait: seconds that a message waits until the texts of the agents have been embedded.
        sharpness: growth of confidence with the distance between two choices. None calibrates it by the examples.
        rest: seconds without a further attempt after a failure.
    """

    def __init__(
        self,
        name: str,
        embed: Callable[[list[str]], Awaitable[Sequence[Sequence[float]]]],
        *,
        words: float = 0.0,
        timeout: float = 1.0,
        wait: float = 3.0,
        sharpness: float | None = None,
        rest: float = 0.0,
    ) -> None:
        self.name = name
        self._embed = embed
        self._words = words
        self._timeout = timeout
        self._wait = wait
        self._sharpness = sharpness
        self._rest = rest
        self._resting = 0.0
        self._lexical = Lexical()
        self._indexes: Mapping[tuple[Choice, ...], VectorIndex | None] = {}
        self._builds: dict[tuple[Choice, ...], asyncio.Task[VectorIndex | None]] = {}

    async def close(self) -> None:
        """Stop what is still being embedded."""
        for build in tuple(self._builds.values()):
            build.cancel()

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        """Choose the closest agent, by words alone if its vectors do not come in time.

        A message that says nothing, such as "yes please", is for none: models find some agent closest even then.
        """
        wanted, text = tuple(choices), matter(text)
        if says_nothing(text, wanted):
            return Decision(None, 0.0, by=self.name, reason="no word of the message says what it is about")
        if time.monotonic() < self._resting:
            return await self._by_words("the model failed a moment ago", text, wanted, tools)
        try:
            async with asyncio.timeout(min(self._wait, tools.seconds * _PART_OF_TIME)):
                index = await self._index(wanted, tools.kept)
            if index is None:
                return Decision(None, 0.0, by=self.name, reason="no agent has a description or examples")
            async with asyncio.timeout(self._timeout):
                (vector,) = await self._vectors([text])
            return index.decide(text, vector, self.name)
        except Exception as error:  # noqa: BLE001 - a model may raise anything, and words decide
            self._resting = time.monotonic() + self._rest
            late = isinstance(error, TimeoutError)
            if self._rest or not late:
                _log.warning("classifier %s has no vectors: %s: %s", self.name, type(error).__name__, error)
            return await self._by_words("late" if late else type(error).__name__, text, wanted, tools)

    async def closest(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> list[Match]:
        """Return the closest texts, by words if the model gives no vectors."""
        try:
            index = await self._index(tuple(choices), tools.kept)
            (vector,) = await self._vectors([matter(text)])
        except Exception:  # noqa: BLE001 - a model may raise anything, and words are compared
            return await self._lexical.closest(text, choices, tools)
        return index.closest(vector) if index is not None else []

    async def _by_words(self, why: str, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        decision = await self._lexical.classify(text, choices, tools)
        return attrs.evolve(decision, reason=f"no vectors ({why}); {decision.reason}")

    async def _index(self, wanted: tuple[Choice, ...], kept: Store | None) -> VectorIndex | None:
        """Return the index of a set of agents.

        A build goes on if its caller cannot wait for it.
        """
        if wanted in self._indexes:
            return self._indexes[wanted]
        build = self._builds.get(wanted)
        if build is None:
            build = self._builds[wanted] = asyncio.create_task(self._build(wanted, kept))
            build.add_done_callback(functools.partial(self._built, wanted))
        return await asyncio.shield(build)

    def _built(self, wanted: tuple[Choice, ...], build: asyncio.Task[VectorIndex | None]) -> None:
        del self._builds[wanted]
        if not build.cancelled() and build.exception() is None:
            latest = list(self._indexes.items())[1 - _KEPT_INDEXES :]
            self._indexes = {**dict(latest), wanted: build.result()}

    async def _build(self, wanted: tuple[Choice, ...], kept: Store | None) -> VectorIndex | None:
        vectors = await self._vectors_of(texts_of(wanted), kept)
        more = None
        if self._words:
            index = await self._lexical.index(wanted)
            left_out = {text: self._weighed(scores) for text, scores in index.left_out.items()}
            more = (functools.partial(self._similarities, index), left_out)
        return await asyncio.to_thread(
            functools.partial(VectorIndex.build, wanted, vectors, sharpness=self._sharpness, more=more)
        )

    async def _vectors_of(self, texts: Sequence[str], _: Store | None) -> Mapping[str, Vector]:
        """Return the vectors of agents' texts, which a subclass may cache."""
        vectors: dict[str, Vector] = {}
        for start in range(0, len(texts), _AT_ONCE):
            some = list(texts[start : start + _AT_ONCE])
            vectors |= zip(some, await self._vectors(some), strict=True)
        return vectors

    async def _vectors(self, texts: list[str]) -> list[Vector]:
        """Return the vector of each text, of length 1."""
        return [unit_vector(vector) for vector in await self._embed(texts)]

    def _similarities(self, index: LexicalIndex, text: str) -> list[float]:
        return self._weighed(index.similarities(text))

    def _weighed(self, scores: Sequence[float]) -> list[float]:
        return [self._words * score for score in scores]
