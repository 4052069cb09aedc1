"""The settings of classifiers of the kind ``embeddings``."""

from __future__ import annotations

import attrs
from attrs import field, frozen

from agenthost import Secret  # noqa: TC001 - the hints are read

__all__ = ["EmbeddingsSettings"]


@frozen(kw_only=True)
class EmbeddingsSettings:
    """``[classifiers.<name>]`` of the kind ``embeddings``.

    Args:
        url: URL of the API, such as ``http://127.0.0.1:8080/v1``. Defaults to ``OPENAI_BASE_URL``, else OpenAI's own.
        model: the name of the model.
        api_key: the API key. Defaults to ``OPENAI_API_KEY``, else none.
        timeout: seconds to embed one message. The examples get ten times as long.
        sharpness: growth of confidence with the distance between two choices. None calibrates it by the examples.
    """

    url: str | None = None
    model: str = "text-embedding-3-small"
    api_key: Secret | None = None
    timeout: float = 2.0
    sharpness: float | None = field(default=None, validator=attrs.validators.optional(attrs.validators.gt(0)))
