"""Metrics of a host, in the form that Prometheus reads.

With several workers, each writes its figures into files of a directory that they share, and whoever is asked adds them
up (``PROMETHEUS_MULTIPROC_DIR``, set by the supervising process before the workers start).
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE", "SHARED", "Metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Media type of ``Metrics.text``."""
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the directory which workers share."""


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._failures = Counter(
            "agenthost_failures",
            "Times that an agent's own code failed, ran out of time or answered with what cannot be sent.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._busy = Counter(
            "agenthost_busy",
            "Times that an agent could take no more.",
            ("agent", "what"),
            registry=self._registry,
        )

    def failed(self, agent: str, what: str) -> None:
        """Count a failure.

        Args:
            agent: the agent's key.
            what: the part of it that failed, such as ``tool book_visit``.
        """
        self._failures.labels(agent, what).inc()

    def busy(self, agent: str, what: str) -> None:
        """Count something that was not started; see ``failed``."""
        self._busy.labels(agent, what).inc()

    def text(self) -> bytes:
        """All figures, those of the other workers included."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
