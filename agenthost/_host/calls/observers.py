"""Observers of tool calls, called after each call.

Each runs on a thread of its own, so that none can delay a call or another observer.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.hosting import ToolCalled

__all__ = ["MOST_WAITING", "Observers"]

MOST_WAITING = 1000
"""Events that wait for one observer; further ones are dropped and counted."""
_QUIET = 10.0
"""Seconds between two lines in the log about one observer's failures or drops."""
_CLOSING = 1.0
"""Seconds that observers have for their waiting events when the host ends."""

_log = logging.getLogger("agenthost.plugins")


class Observers:
    """The observers of tool calls.

    ``functions`` are implementations of ``tool_called``, each with its plugin's key.
    """

    def __init__(self, functions: Iterable[tuple[str, Callable[..., object]]], metrics: Metrics) -> None:
        self._observers = [_Observer(key, function, metrics) for key, function in functions]

    def tell(self, event: ToolCalled) -> None:
        """Queue an event for each observer, and return at once."""
        for observer in self._observers:
            observer.tell(event)

    def close(self) -> None:
        """Give the observers a moment for the events that wait."""
        for observer in self._observers:
            observer.queue.put(None)
        until = time.monotonic() + _CLOSING
        for observer in self._observers:
            observer.thread.join(max(0.0, until - time.monotonic()))


class _Observer:
    """One observer, its queue and its thread."""

    def __init__(self, key: str, function: Callable[..., object], metrics: Metrics) -> None:
        self.key = key
        self._metrics = metrics
        self._dropped = 0
        self.queue: SimpleQueue[ToolCalled | None] = SimpleQueue()
        self._function = function
        self._failures = 0
        self._quiet_until: dict[str, float] = {}
        self.thread = threading.Thread(target=self._work, name="agenthost-observer", daemon=True)
        self.thread.start()

    def tell(self, event: ToolCalled) -> None:
        if self.queue.qsize() < MOST_WAITING:
            self.queue.put(event)
            return
        self._dropped += 1
        self._metrics.event_dropped(self.key)
        if self._may_speak("dropped"):
            _log.warning("tool_called of plugin %s is too slow: %d events dropped so far", self.key, self._dropped)

    def _work(self) -> None:
        while (event := self.queue.get()) is not None:
            try:
                result = self._function(event=event)
                if inspect.iscoroutine(result):
                    result.close()
                    raise TypeError("tool_called must be a plain function, not a coroutine function")  # noqa: TRY301
            except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
                self._failures += 1
                self._metrics.hook_failed(self.key, "tool_called")
                if self._may_speak("failed"):
                    _log.error("tool_called of plugin %s failed (%d so far)", self.key, self._failures, exc_info=error)

    def _may_speak(self, what: str) -> bool:
        now = time.monotonic()
        if now < self._quiet_until.get(what, 0.0):
            return False
        self._quiet_until[what] = now + _QUIET
        return True
