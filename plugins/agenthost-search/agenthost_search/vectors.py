"""Vectors: models that make them, and the closest ones of an index."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import threading
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from agenthost import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from agenthost import Secret

__all__ = ["E5", "E5_MODEL", "Embedder", "Endpoint", "Vectors", "embedder_of"]

E5_MODEL = "multilingual-e5-small"
_AT_ONCE = 64
_LONGEST = 2000
"""Characters of a text that a model reads."""


class Embedder(Protocol):
    """A model that makes vectors of texts.

    ``model`` is the name that an index keeps.
    """

    model: str

    def of_query(self, text: str) -> Sequence[float]:
        """Return the vector of a question."""

    def of_passages(self, texts: Sequence[str]) -> Iterable[Sequence[float]]:
        """Yield the vector of each passage."""


def embedder_of(name: str, model: str = "", api_key: Secret | None = None, timeout: float = 2.0) -> Embedder:
    """Return the model with a name.

    Args:
        name: ``e5``, or the URL of an API of OpenAI's form, such as ``http://127.0.0.1:8080/v1``
        model: Name of the API's model
        api_key: Key of the API
        timeout: Seconds that the API has for a question

    Raises:
        ConfigurationError: a package is missing, or the name is neither.
    """
    if importlib.util.find_spec("numpy") is None:
        raise ConfigurationError("vectors need NumPy. fix: pip install 'agenthost-search[vectors]'")
    if name == "e5":
        return E5()
    if urlsplit(name).scheme not in ("http", "https"):
        raise ConfigurationError(f"embeddings: {name!r} is neither e5 nor a URL. fix: e5, or http://127.0.0.1:8080/v1")
    if not model:
        raise ConfigurationError(
            f"embeddings: {name} needs the name of a model. fix: embeddings_model, or --model NAME"
        )
    return Endpoint(name, model, api_key, timeout)


class E5:
    """multilingual-e5-small of agenthost-router-e5, in this process."""

    model = E5_MODEL

    def __init__(self) -> None:
        if importlib.util.find_spec("agenthost_router_e5") is None:
            raise ConfigurationError("embeddings: e5 is not installed. fix: pip install 'agenthost-search[e5]'")
        weights = importlib.import_module("agenthost_router_e5.weights")
        file = weights.checked_weights("embeddings")
        self._open: Callable[[], Any] = partial(weights.open_model, file, 1)
        self._loaded: Any = None
        self._lock = threading.Lock()

    def of_query(self, text: str) -> Sequence[float]:
        """Return the vector of a question."""
        with self._lock:
            found: Sequence[float] = self._model().query([_plain(text)])[0]
            return found

    def of_passages(self, texts: Sequence[str]) -> Iterable[Sequence[float]]:
        """Yield the vector of each passage."""
        for start in range(0, len(texts), _AT_ONCE):
            with self._lock:
                yield from self._model().passage([_plain(text) for text in texts[start : start + _AT_ONCE]])

    def _model(self) -> Any:
        if self._loaded is None:
            self._loaded = self._open()
        return self._loaded


class Endpoint:
    """A server with OpenAI's ``/v1/embeddings``.

    Args:
        url: URL of the API, such as ``http://127.0.0.1:8080/v1``
        model: Name of its model
        api_key: Its key
        timeout: Seconds that it has for a question. Passages get ten times as long
    """

    def __init__(self, url: str, model: str, api_key: Secret | None = None, timeout: float = 2.0) -> None:
        self.model = model
        self._url = f"{url.rstrip('/')}/embeddings"
        self._key = api_key
        self._timeout = timeout

    def of_query(self, text: str) -> Sequence[float]:
        """Return the vector of a question."""
        return self._ask([text], self._timeout)[0]

    def of_passages(self, texts: Sequence[str]) -> Iterable[Sequence[float]]:
        """Yield the vector of each passage."""
        for start in range(0, len(texts), _AT_ONCE):
            yield from self._ask(texts[start : start + _AT_ONCE], self._timeout * 10)

    def _ask(self, texts: Sequence[str], timeout: float) -> list[Sequence[float]]:
        body = {"model": self.model, "input": [_plain(text) for text in texts], "encoding_format": "float"}
        headers = {"Content-Type": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.reveal()}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310
            data = sorted(json.load(response)["data"], key=lambda item: item["index"])
        if [item["index"] for item in data] != list(range(len(texts))):
            raise ValueError("the server returned other vectors than requested")
        return [item["embedding"] for item in data]


class Vectors:
    """The vectors of an index, in memory.

    Args:
        numbers: Numbers of the passages, an array
        matrix: Their vectors, of length 1, a row for each
    """

    def __init__(self, numbers: Any, matrix: Any) -> None:
        self._numbers = numbers
        self._matrix = matrix

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[int, bytes]]) -> Vectors:
        """Read vectors of 32-bit floats. Those of another length than the first are left out."""
        import numpy as np  # noqa: PLC0415 - an extra

        kept = list(rows)
        kept = [row for row in kept if len(row[1]) == len(kept[0][1])]
        matrix = np.frombuffer(b"".join(blob for _, blob in kept), dtype="<f4").reshape(len(kept), -1)
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
        return cls(np.array([number for number, _ in kept]), matrix / np.where(lengths > 0, lengths, 1))

    def closest(self, vector: Sequence[float], count: int, allowed: Collection[int] | None = None) -> list[int]:
        """Return the numbers of the closest passages, the closest first.

        Args:
            vector: Vector of a question
            count: Passages at most
            allowed: Passages that may be returned. None for all

        Returns:
            An empty list where the vector has another length than those of the index.
        """
        import numpy as np  # noqa: PLC0415

        asked = np.asarray(vector, dtype="<f4")
        if asked.shape != self._matrix.shape[1:]:
            return []
        scores = self._matrix @ asked
        if allowed is not None:
            scores = np.where(np.isin(self._numbers, list(allowed)), scores, -math.inf)
        some = np.argpartition(-scores, min(count, len(scores) - 1))[:count]
        ordered = some[np.argsort(-scores[some], kind="stable")]
        return [int(self._numbers[place]) for place in ordered if scores[place] > -math.inf]


def _plain(text: str) -> str:
    return text[:_LONGEST].replace("\0", " ").encode("utf-8", "replace").decode("utf-8") or " "
