"""Counts of the supervisor, which has no metrics: a serving worker counts them."""

from __future__ import annotations

from collections import Counter
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenthost._web.supervisor.worker_slots import Worker

__all__ = ["Tallies"]


class Tallies:
    """Counts that wait for a worker, and the generation skew that it was last told.

    ``wake`` lets the supervisor's loop call ``hand_over``.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._noted: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._told: tuple[int, int] | None = None

    def reloaded(self, outcome: str) -> None:
        """Count a reload, from any thread."""
        self._noted.put(("reload", outcome))
        self._wake()

    def ended(self) -> None:
        """Count the end of a worker that nothing has ended."""
        self._noted.put(("worker", ""))

    def hand_over(self, serving: Sequence[Worker]) -> None:
        """Send everything to the first worker, if there is one."""
        if not serving:
            return
        counts: Counter[tuple[str, str]] = Counter()
        while True:
            try:
                counts[self._noted.get_nowait()] += 1
            except Empty:
                break
        generations = [worker.generation for worker in serving]
        told = serving[0].pid, max(generations) - min(generations)
        if counts or told != self._told:
            self._told = told
            serving[0].order("tallied", (told[1], dict(counts)))
