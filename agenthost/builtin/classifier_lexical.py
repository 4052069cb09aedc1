"""The plugin that offers the classifier ``lexical``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import ClassifierProvider, hookimpl

if TYPE_CHECKING:
    from agenthost import Classifier

__all__ = ["classifiers"]


@hookimpl
def classifiers() -> list[ClassifierProvider]:
    """Offer the classifier ``lexical``."""
    return [ClassifierProvider("lexical", _make)]


def _make(name: str, _: object) -> Classifier:
    from agenthost.builtin.classifying.lexical import Lexical  # noqa: PLC0415 - a cold start does without

    return Lexical(name)
