"""A classifier by meaning for about a hundred languages, in process and without a server.

It is configured in ``[classifiers.<name>]`` with ``kind = "e5"``.
"""

from __future__ import annotations

from agenthost import ClassifierProvider, hookimpl
from agenthost_router_e5.classifier import E5, E5Settings
from agenthost_router_e5.weights import SHA256, checked_weights

__all__ = ["E5", "SHA256", "E5Settings", "checked_weights", "classifiers"]


@hookimpl
def classifiers() -> list[ClassifierProvider]:
    """Offer the classifier ``e5``."""
    return [ClassifierProvider("e5", E5, E5Settings)]
