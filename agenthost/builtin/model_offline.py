"""The plugin that offers the chat model ``offline``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import ModelProvider, hookimpl

if TYPE_CHECKING:
    from agenthost import ChatModel

__all__ = ["chat_models"]


@hookimpl
def chat_models() -> list[ModelProvider]:
    """Offer the chat model ``offline``."""
    return [ModelProvider("offline", _make)]


def _make(name: str, _: object) -> ChatModel:
    from agenthost.builtin.offline.model import OfflineModel  # noqa: PLC0415 - a cold start does without

    return OfflineModel(name)
