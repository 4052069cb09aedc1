"""The tool calls and failures of each agent in the last minutes, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from agenthost._host.telemetry.durations import slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["MINUTES", "RecentCalls"]

MINUTES = 5
"""Minutes that are remembered."""
_SLICE = 10.0
"""Seconds that are counted together."""
_SLICES = int(MINUTES * 60 / _SLICE)
_FAILED = frozenset({"failed", "timeout"})


class RecentCalls:
    """Counts by agent, for any thread.

    ``clock`` gives seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: dict[str, deque[tuple[int, Counter[str]]]] = {}
        self._lock = threading.Lock()

    def ended(self, agent: str, outcome: str, durations: Iterable[float]) -> None:
        """Count tool calls of one outcome, as ``Metrics.tool_ended`` has it, by their seconds."""
        with self._lock:
            counted = self._now(agent)
            for seconds in durations:
                counted["calls"] += 1
                counted[f"s{slot(seconds):02}"] += 1
                counted["failures"] += outcome in _FAILED

    def failed(self, agent: str) -> None:
        """Count a failure of another part of an agent than a tool."""
        with self._lock:
            self._now(agent)["failures"] += 1

    def report(self, agent: str) -> dict[str, Any]:
        """Return ``calls``, ``failures``, and the calls by slot of their duration in ``slots``."""
        total: Counter[str] = Counter()
        oldest = self._slice() - _SLICES
        with self._lock:
            for when, counted in self._counted.get(agent, ()):
                if when > oldest:
                    total.update(counted)
        slots = {int(name[1:]): number for name, number in total.items() if name[1:].isdigit()}
        return {"calls": total["calls"], "failures": total["failures"], "slots": slots}

    def _slice(self) -> int:
        return int(self._clock() / _SLICE)

    def _now(self, agent: str) -> Counter[str]:
        known = self._counted.get(agent)
        if known is None:
            known = self._counted[agent] = deque(maxlen=_SLICES)
        present = self._slice()
        if not known or known[-1][0] != present:
            known.append((present, Counter()))
        return known[-1][1]
