"""``embeddings``: classify by meaning, through any server with OpenAI's ``/v1/embeddings``.

The score of an agent is the mean similarity of the three closest texts among its description and examples, and the
confidence is calibrated to the model by the examples. Their vectors are cached in memory and in the store, so a turn
sends only the message itself. If the server gives no vectors, ``lexical`` decides, and the decision's reason shows it.
"""

from __future__ import annotations

import array
import asyncio
import base64
import functools
import hashlib
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs

from agenthost import (
    AgentHostError,
    Choice,
    Decision,
)
from agenthost.builtin.classifying.lexical import Lexical
from agenthost.builtin.openai_api.chunks import read_embedded
from agenthost.builtin.openai_api.connection import Connection
from agenthost.conversation.empty_words import says_nothing
from agenthost.conversation.matter import matter
from agenthost.conversation.vector_index import VectorIndex, texts_of, unit_vector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost import ClassifierTools, Store
    from agenthost.builtin.classifying.embeddings_settings import EmbeddingsSettings
    from agenthost.conversation.classifiers import Match
    from agenthost.conversation.vector_index import Vector

__all__ = ["Embeddings"]

_LONGEST_TEXT = 2000
_KEPT_VECTORS = 20000
_KEPT_INDEXES = 64
_AT_ONCE = 96
_TTL = 30 * 86400.0
_PAUSE = 5.0
"""Seconds without a request after the server failed."""

_log = logging.getLogger("agenthost.classifiers")


class Embeddings:
    """A classifier that compares meanings.

    Args:
        name: the classifier's name in the configuration.
        settings: the server and the model.
    """

    def __init__(self, name: str, settings: EmbeddingsSettings) -> None:
        self.name = name
        self._settings = settings
        self._connection = Connection(settings.url, settings.api_key)
        self._lexical = Lexical()
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._indexes: Mapping[tuple[Choice, ...], VectorIndex | None] = {}
        self._warming = asyncio.Lock()
        self._resting = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def classify(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        """Choose the closest agent, by words alone if vectors do not come in time.

        A message that says nothing, such as "yes please", is for none: models find some agent closest even then.
        """
        text = matter(text)
        if says_nothing(text, choices):
            return Decision(None, 0.0, by=self.name, reason="no word of the message says what it is about")
        if time.monotonic() < self._resting:
            return await self._by_words("the server failed a moment ago", text, choices, tools)
        try:
            async with asyncio.timeout(tools.seconds):
                index = await self._index(tuple(choices), tools.kept)
                async with asyncio.timeout(self._settings.timeout):
                    (asked,) = await self._ask([text or " "])
            if index is None:
                return Decision(None, 0.0, by=self.name, reason="no agent has a description or examples")
            return index.decide(text, asked, self.name)
        except Exception as error:  # noqa: BLE001 - a server or its client may raise anything
            self._resting = time.monotonic() + _PAUSE
            why = "late" if isinstance(error, TimeoutError) else type(error).__name__
            _log.warning("classifier %s has no embeddings: %s: %s", self.name, type(error).__name__, error)
            return await self._by_words(why, text, choices, tools)

    async def closest(self, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> list[Match]:
        """Return the closest texts, by words if the server gives no vectors."""
        try:
            index = await self._index(tuple(choices), tools.kept)
            (asked,) = await self._ask([matter(text) or " "])
        except Exception:  # noqa: BLE001 - a server or its client may raise anything
            return await self._lexical.closest(text, choices, tools)
        return index.closest(asked) if index is not None else []

    async def _by_words(self, why: str, text: str, choices: Sequence[Choice], tools: ClassifierTools) -> Decision:
        decision = await self._lexical.classify(text, choices, tools)
        return attrs.evolve(decision, reason=f"no embeddings ({why}); {decision.reason}")

    async def _index(self, wanted: tuple[Choice, ...], kept: Store | None) -> VectorIndex | None:
        """Return the index of a set of agents, calibrated once in a thread."""
        if wanted not in self._indexes:
            vectors = await self._known(texts_of(wanted), kept)
            build = functools.partial(VectorIndex.build, wanted, vectors, sharpness=self._settings.sharpness)
            index = await asyncio.to_thread(build)
            latest = list(self._indexes.items())[1 - _KEPT_INDEXES :]
            self._indexes = {**dict(latest), wanted: index}
        return self._indexes[wanted]

    async def _known(self, texts: Sequence[str], kept: Store | None) -> dict[str, Vector]:
        """Return the vectors of texts from memory, the store or the server."""
        wanted = {text: self._key(text) for text in texts}
        if not all(key in self._vectors for key in wanted.values()):
            async with self._warming:  # one conversation fills the cache for all
                await self._warm({text: key for text, key in wanted.items() if key not in self._vectors}, kept)
        vectors = {text: self._vectors[key] for text, key in wanted.items()}
        while len(self._vectors) > max(_KEPT_VECTORS, len(wanted)):
            self._vectors.popitem(last=False)
        return vectors

    async def _warm(self, missing: Mapping[str, str], kept: Store | None) -> None:
        found: dict[str, Vector] = {}
        if kept is not None:
            for text, key in missing.items():
                vector = await _read(kept, key)
                if vector is not None:
                    found[text] = vector
        unknown = [text for text in missing if text not in found]
        for start in range(0, len(unknown), _AT_ONCE):
            some = unknown[start : start + _AT_ONCE]
            async with asyncio.timeout(self._settings.timeout * 10):
                given = await self._ask([text[:_LONGEST_TEXT] for text in some])
            for text, vector in zip(some, given, strict=True):
                found[text] = vector
                if kept is not None:
                    await _write(kept, missing[text], vector)
        for text, vector in found.items():
            self._vectors[missing[text]] = vector

    async def _ask(self, texts: Sequence[str]) -> list[Vector]:
        """Request the vectors of texts, each of length 1.

        Raises:
            Exception: the server rejects the request, fails, or cannot be reached.
            ValueError: the response does not match the request.
        """
        body = {"input": list(texts), "model": self._settings.model, "encoding_format": "float"}
        ends = asyncio.get_running_loop().time() + self._settings.timeout * 10
        async with self._connection.post("embeddings", body, ends) as response:
            answer = read_embedded(await response.body())
        data = sorted(answer.data, key=lambda item: item.index)
        if [item.index for item in data] != list(range(len(texts))):
            msg = "the server returned other vectors than requested"
            raise ValueError(msg)
        return [unit_vector(item.embedding) for item in data]

    def _key(self, text: str) -> str:
        """Return the key of a text's vector, which depends on server and model too."""
        said = f"{self._connection.url}\0{self._settings.model}\0{text}"
        return "embedding:" + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


async def _read(kept: Store, key: str) -> Vector | None:
    """Read a vector from the store, or return None if that fails."""
    try:
        value = await kept.get(key)
        return array.array("f", base64.b64decode(value)) if value else None
    except (AgentHostError, ValueError, TypeError):
        return None


async def _write(kept: Store, key: str, vector: Vector) -> None:
    try:
        await kept.set(key, base64.b64encode(vector.tobytes()).decode("ascii"), ttl=_TTL)
    except AgentHostError:
        return  # the next process embeds the text again
