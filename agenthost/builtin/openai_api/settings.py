"""The settings of models of the kind ``openai``."""

from __future__ import annotations

from attrs import frozen

from agenthost import Secret  # noqa: TC001 - the hints are read

__all__ = ["OpenAISettings"]


@frozen(kw_only=True)
class OpenAISettings:
    """``[models.<name>]`` of the kind ``openai``.

    Args:
        url: URL of the API. Defaults to ``OPENAI_BASE_URL``, else OpenAI's own.
        model: the name of the model.
        api_key: the API key. Defaults to ``OPENAI_API_KEY``, else none.
        timeout: seconds for a whole answer, including all attempts.
        retries: attempts after the first, if the server is overloaded, fails or cannot be reached.
        temperature: the default temperature.
        max_tokens: the default length of an answer.
    """

    url: str | None = None
    model: str = "gpt-4.1-mini"
    api_key: Secret | None = None
    timeout: float = 30.0
    retries: int = 2
    temperature: float | None = None
    max_tokens: int | None = None
