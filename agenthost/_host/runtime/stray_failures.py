"""Failures of authors' code that nothing awaits: callbacks, threads, and attempts to end the process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agenthost._host.calls.loop_watchdog import blocker_of
from agenthost._host.calls.stray_work import guarded
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.failures import Failures, new_error_id

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from agenthost._host.calls.gate import Gates
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.telemetry.metrics import Metrics

__all__ = ["StrayFailures"]


class StrayFailures:
    """Logs and counts failures that nothing awaits, with the agent that their traceback names."""

    def __init__(self, agents: Callable[[], tuple[Mounted, ...]], metrics: Metrics, gates: Gates) -> None:
        self._agents = agents
        self._metrics = metrics
        self._gates = gates
        self._failures = Failures(logging.getLogger("agenthost.tools"))

    def guarding(self) -> AbstractContextManager[None]:
        """Handle those of threads and of the event loop during the block."""
        return guarded(self._owner_of, self._failures, self._count)

    def exited(self, error: BaseException) -> None:
        """Log a callback that tried to end the process, or stopped the event loop.

        ``error`` comes from ``agenthost._host.calls.stray_work.run_on``; its traceback names the agent, if anything
        does.
        """
        error_id, wanted = new_error_id(), isinstance(error, (SystemExit, KeyboardInterrupt))
        owner = self._owner_in(error.__traceback__) if wanted else Owner("", "code", "loop.stop()")
        how = f"tried to end the process: {type(error).__name__}" if wanted else "stopped it"
        self._failures.failed(owner, error, error_id, words=f"a callback of the event loop, {{}}, {how}")
        self._metrics.failed(owner)
        self._gates.exited(owner, error_id)

    def _owner_of(self, failed: threading.ExceptHookArgs) -> Owner:
        return self._owner_in(failed.exc_traceback)

    def _owner_in(self, trace: TracebackType | None) -> Owner:
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        return blocker_of(trace.tb_frame if trace is not None else None, self._agents())

    def _count(self, owner: Owner) -> None:
        """Count a failure that nothing awaited."""
        if owner.agent:
            self._metrics.failed(owner)
