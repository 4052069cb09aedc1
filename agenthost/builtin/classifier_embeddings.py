"""The plugin that offers classifiers of the kind ``embeddings``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import ClassifierProvider, hookimpl
from agenthost.builtin.classifying.embeddings_settings import EmbeddingsSettings

if TYPE_CHECKING:
    from agenthost import Classifier

__all__ = ["classifiers"]


@hookimpl
def classifiers() -> list[ClassifierProvider]:
    """Offer the classifier ``embeddings``."""
    return [ClassifierProvider("embeddings", _make, EmbeddingsSettings)]


def _make(name: str, settings: EmbeddingsSettings) -> Classifier:
    from agenthost.builtin.classifying.embeddings import Embeddings  # noqa: PLC0415 - only if it is configured

    return Embeddings(name, settings)
