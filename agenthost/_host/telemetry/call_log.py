"""The log of calls: a line each, written in batches after a short delay.

Writing each line at once would cost as much as everything else that the host does for the call.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from agenthost._host.telemetry.current_call import requesting
from agenthost._host.telemetry.spans import trace_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.telemetry.current_call import Owner

__all__ = ["DelayedLine", "EndedCall", "call_ended", "log_later", "write_now", "write_what_waits"]

_DELAY = 0.05
"""Delay of a line, in seconds."""

_log = logging.getLogger("agenthost.calls")


class EndedCall(NamedTuple):
    """The end of a call, for the log.

    ``then`` is the time in seconds since 1970, and ``request`` is the ID of the request to ``/v1`` that it belongs to,
    if any. ``call_ended`` describes the others.
    """

    then: float
    owner: Owner
    call: str
    seconds: float
    outcome: str
    error_id: str | None
    request: str = ""
    trace: str = ""
    """The ID of the trace that it belongs to, if any."""

    @property
    def words(self) -> str:
        """The line for people."""
        return f"{self.owner}: {self.outcome} in {self.seconds * 1000:.1f} ms"

    @property
    def fields(self) -> dict[str, object]:
        """The fields for programs."""
        told: dict[str, object] = {
            **self.owner.fields,
            "call": self.call,
            "duration": round(self.seconds, 6),
            "outcome": self.outcome,
        }
        told |= {"request_id": self.request} if self.request else {}
        told |= {"trace_id": self.trace} if self.trace else {}
        return told if self.error_id is None else told | {"error_id": self.error_id}

    def record(self) -> logging.LogRecord:
        """Return a record of the standard library."""
        return DelayedLine(self.then, _log.name, logging.INFO, self.words, self.fields).record()


class DelayedLine(NamedTuple):
    """A line that many calls may share.

    ``then`` is its time. ``log_later`` describes the others.
    """

    then: float
    logger: str
    level: int
    words: str
    fields: Mapping[str, object]

    def record(self) -> logging.LogRecord:
        """Return a record of the standard library."""
        known = {"name": self.logger, "levelno": self.level, "levelname": logging.getLevelName(self.level)}
        when = {"created": self.then, "msecs": self.then % 1 * 1000}
        return logging.makeLogRecord({**known, **when, "msg": self.words, "fields": self.fields})


_waiting: deque[tuple[Any, ...] | DelayedLine] = deque()
"""Lines, and the fields of ``EndedCall``, which is made when it is written."""
_woken = threading.Event()
_starting = threading.Lock()
_writing = threading.Lock()
_thread: threading.Thread | None = None


def call_ended(owner: Owner, call: str, seconds: float, outcome: str, error_id: str | None) -> None:
    """Log the outcome of a call.

    ``outcome`` is ``ok``, ``refused``, ``busy``, ``failed`` or ``timeout``.
    """
    if not _log.isEnabledFor(logging.INFO):
        return
    _write_later((time.time(), owner, call, seconds, outcome, error_id, requesting.get(), trace_id()))


def log_later(log: logging.Logger, level: int, words: str, fields: Mapping[str, object]) -> None:
    """Log a line that many calls may share.

    ``level`` is one of ``logging``.
    """
    if log.isEnabledFor(level):
        if request := requesting.get():
            fields = {**fields, "request_id": request}
        if trace := trace_id():
            fields = {**fields, "trace_id": trace}
        _write_later(DelayedLine(time.time(), log.name, level, words, fields))


def _write_later(line: tuple[Any, ...] | DelayedLine) -> None:
    _waiting.append(line)
    if not _woken.is_set():
        _woken.set()
        if _thread is None:
            _start()


def write_now() -> None:
    """Write the waiting lines.

    This includes lines that another thread is writing, for the end of a process.
    """
    with _writing:
        write_what_waits()


def write_what_waits() -> None:
    """Write the waiting lines, without waiting for other threads.

    Handlers use it, as other threads may wait for them.
    """
    lines: list[EndedCall | DelayedLine] = []
    while _waiting:
        try:
            line = _waiting.popleft()
        except IndexError:  # another thread was quicker
            break
        lines.append(line if isinstance(line, DelayedLine) else EndedCall(*line))
    if not lines:
        return
    for handler in logging.getLogger().handlers:
        handle_many = getattr(handler, "handle_many", None)
        if handle_many is not None:
            handle_many(lines)
            return
    for each in lines:
        record = each.record()
        logging.getLogger(record.name).handle(record)


def _start() -> None:
    global _thread  # noqa: PLW0603 - one process has one log
    with _starting:
        if _thread is None:
            _thread = threading.Thread(target=_write, name="agenthost-call-log", daemon=True)
            _thread.start()
            atexit.register(write_now)


def _write() -> None:
    while True:
        _woken.wait()
        time.sleep(_DELAY)
        _woken.clear()
        write_now()
