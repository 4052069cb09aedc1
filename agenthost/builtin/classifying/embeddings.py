"""``embeddings``: classify by meaning, through any server with OpenAI's ``/v1/embeddings``.

The score of an agent is the mean similarity of the three closest texts among its description and examples, and the
confidence is calibrated to the model by the examples. Their vectors are cached in memory and in the store, so a turn
sends only the message itself. If the server gives no vectors, ``lexical`` decides, and the decision's reason shows it.
"""

from __future__ import annotations

import array
import asyncio
import base64
import hashlib
import math
from collections import OrderedDict
from typing import TYPE_CHECKING

from agenthost import AgentHostError
from agenthost.builtin.classifying.vectors import VectorClassifier
from agenthost.builtin.openai_api.chunks import read_embedded
from agenthost.builtin.openai_api.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost import Store
    from agenthost.builtin.classifying.embeddings_settings import EmbeddingsSettings
    from agenthost.conversation.vector_index import Vector

__all__ = ["Embeddings"]

_LONGEST_TEXT = 2000
_KEPT_VECTORS = 20000
_AT_ONCE = 96
_TTL = 30 * 86400.0
_PAUSE = 5.0
"""Seconds without a request after the server failed."""


class Embeddings(VectorClassifier):
    """A classifier that compares meanings, by the vectors of a server.

    Args:
        name: the classifier's name in the configuration.
        settings: the server and the model.
    """

    def __init__(self, name: str, settings: EmbeddingsSettings) -> None:
        super().__init__(
            name, self._ask, timeout=settings.timeout, wait=math.inf, sharpness=settings.sharpness, rest=_PAUSE
        )
        self._settings = settings
        self._connection = Connection(settings.url, settings.api_key)
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._warming = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await super().close()
        await self._connection.close()

    async def _vectors_of(self, texts: Sequence[str], kept: Store | None) -> Mapping[str, Vector]:
        """Return the vectors of texts from memory, the store or the server."""
        wanted = {text: self._key(text) for text in texts}
        if not all(key in self._known for key in wanted.values()):
            async with self._warming:  # one conversation fills the cache for all
                await self._warm({text: key for text, key in wanted.items() if key not in self._known}, kept)
        vectors = {text: self._known[key] for text, key in wanted.items()}
        while len(self._known) > max(_KEPT_VECTORS, len(wanted)):
            self._known.popitem(last=False)
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
                given = await self._vectors([text[:_LONGEST_TEXT] for text in some])
            for text, vector in zip(some, given, strict=True):
                found[text] = vector
                if kept is not None:
                    await _write(kept, missing[text], vector)
        for text, vector in found.items():
            self._known[missing[text]] = vector

    async def _ask(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """Request the vectors of texts.

        Raises:
            Exception: the server rejects the request, fails, or cannot be reached.
            ValueError: the response does not match the request.
        """
        body = {"input": [text or " " for text in texts], "model": self._settings.model, "encoding_format": "float"}
        ends = asyncio.get_running_loop().time() + self._settings.timeout * 10
        async with self._connection.post("embeddings", body, ends) as response:
            answer = read_embedded(await response.body())
        data = sorted(answer.data, key=lambda item: item.index)
        if [item.index for item in data] != list(range(len(texts))):
            msg = "the server returned other vectors than requested"
            raise ValueError(msg)
        return [item.embedding for item in data]

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
