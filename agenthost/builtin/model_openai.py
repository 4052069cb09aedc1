"""The plugin that offers chat models of the kind ``openai``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import ModelProvider, hookimpl
from agenthost.builtin.openai_api.settings import OpenAISettings

if TYPE_CHECKING:
    from agenthost import ChatModel

__all__ = ["chat_models"]


@hookimpl
def chat_models() -> list[ModelProvider]:
    """Offer the chat model ``openai``."""
    return [ModelProvider("openai", _make, OpenAISettings)]


def _make(name: str, settings: OpenAISettings) -> ChatModel:
    from agenthost.builtin.openai_api.model import OpenAIModel  # noqa: PLC0415 - only if it is configured

    return OpenAIModel(name, settings)
