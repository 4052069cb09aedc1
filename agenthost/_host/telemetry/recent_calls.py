"""Tool calls and failures of the last hours, and notes about each call.

They are kept in bounded memory.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from agenthost._host.telemetry.current_call import Owner, calling, running
from agenthost._host.telemetry.durations import SLOTS, slot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["HOURS", "MINUTES", "CallNotes", "History", "RecentCalls", "memory_in_use"]

MINUTES = 5
"""Minutes that are remembered."""
_SLICE = 10.0
"""Seconds that are counted together."""
_SLICES = int(MINUTES * 60 / _SLICE)
HOURS = 3
"""Hours of which the history has each minute."""
_FAILED = frozenset({"failed", "timeout"})
_MOST_NOTES = 20_000
_LONGEST = 500
"""The longest value of a note, in bytes. Of a longer one, only the length is kept: a part could not be redacted."""
_MICROSECOND = 1_000_000
_OWN, _DATA = b"own/", "data"
"""The beginning of keys of the host's own data, and the sort of an author's entries."""
_NO_OWNER = Owner("", "code")


class RecentCalls:
    """Counts by agent, for any thread.

    ``clock`` gives seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: dict[str, deque[tuple[int, Counter[str]]]] = {}
        self._lock = threading.Lock()

    def ended(self, agent: str, outcome: str, durations: Sequence[float]) -> None:
        """Count tool calls of one outcome, as ``Metrics.tool_ended`` has it, by their seconds."""
        with self._lock:
            _count(self._now(agent), outcome, durations)

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


class History:
    """Each minute of the last hours: tool calls and failures of all agents, and memory.

    Any thread may use it. ``clock`` gives seconds since 1970, as several processes add up their minutes.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=HOURS * 60)
        self._sampled = 0
        self._lock = threading.Lock()

    def ended(self, outcome: str, durations: Sequence[float]) -> None:
        """Count tool calls of one outcome, by their seconds."""
        with self._lock:
            _count(self._now(), outcome, durations)

    def note(self, name: str) -> None:
        """Count something else, for ``total``."""
        with self._lock:
            self._now()[name] += 1

    def total(self, name: str, minutes: int) -> int:
        """Return how often something was noted in the last minutes."""
        oldest = int(self._clock() // 60) - minutes
        with self._lock:
            return sum(counted[name] for minute, counted in self._minutes if minute > oldest)

    def due(self) -> bool:
        """Return True once a minute, when a sample has to be taken."""
        minute = int(self._clock() // 60)
        due, self._sampled = minute != self._sampled, minute
        return due

    def sample(self) -> None:
        """Note how much memory is in use."""
        with self._lock:
            self._now()["memory"] = memory_in_use() or 0

    def report(self) -> list[dict[str, Any]]:
        """Return the minutes of the last hours, the oldest first.

        Each has its ``minute`` since 1970, ``calls``, ``failures``, ``slots`` of durations, and ``memory`` in bytes.
        """
        oldest = int(self._clock() // 60) - HOURS * 60
        with self._lock:
            kept = [(minute, dict(counted)) for minute, counted in self._minutes if minute > oldest]
        return [
            {
                "minute": minute,
                **{name: counted.get(name, 0) for name in ("calls", "failures", "memory")},
                "slots": {int(name[1:]): number for name, number in counted.items() if name[1:].isdigit()},
            }
            for minute, counted in kept
        ]

    def _now(self) -> Counter[str]:
        minute = int(self._clock() // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        return self._minutes[-1][1]


class CallNotes:
    """Tool calls and changes of shared state, by call, for records of calls.

    The latest are kept. ``wanted`` returns True while calls are recorded.
    """

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._notes: dict[str, list[tuple[float, Owner, str, Any, Any]]] = {}
        self._number = 0

    def tool_ended(self, owner: Owner, call: str, seconds: float) -> None:
        """Note the end of a tool call."""
        if call and self._wanted():
            self._add(call, (time.time(), owner, "tool", seconds, None))

    def changed(self, what: str, key: bytes, value: bytes | None) -> None:
        """Note a change of shared state by the code that runs for a call."""
        call = calling.get()
        if call and not key.startswith(_OWN) and self._wanted():
            kept = value if value is None or len(value) <= _LONGEST else len(value)
            self._add(call, (time.time(), running.get() or _NO_OWNER, what, key, kept))

    def report(self, call: str) -> list[dict[str, Any]]:
        """Return the notes about a call, the oldest first.

        Each has ``at`` in microseconds since 1970, ``agent``, ``part``, and ``seconds`` of a tool call, or ``what`` was
        done to a ``key`` of a ``scope``, with the ``value`` as JSON.
        """
        return [note for each in self._notes.get(call, ()) if (note := _note(*each)) is not None]

    def _add(self, call: str, note: tuple[float, Owner, str, Any, Any]) -> None:
        notes = self._notes[call] = self._notes.pop(call, [])  # the latest call is the last one
        notes.append(note)
        self._number += 1
        while self._number > _MOST_NOTES:
            oldest = next(iter(self._notes))
            if oldest == call:
                del notes[0]
                self._number -= 1
            else:
                self._number -= len(self._notes.pop(oldest))


def _note(then: float, owner: Owner, what: str, subject: Any, value: Any) -> dict[str, Any] | None:
    """Return a note as data, or None for a lock."""
    told = {"at": int(then * _MICROSECOND), "agent": owner.agent, "part": owner.name or owner.part}
    if what == "tool":
        return {**told, "seconds": round(subject, 6)}
    kind, name, sort, key = subject.decode().split("/", 3)
    if sort != _DATA:
        return None
    scope = kind if kind == "call" else f"{kind} {unquote(name)}"
    written = {"value": value.decode()} if isinstance(value, bytes) else {} if value is None else {"length": value}
    return {**told, "what": what, "scope": scope, "key": key, **written}


def _count(counted: Counter[str], outcome: str, durations: Sequence[float]) -> None:
    counted["calls"] += len(durations)
    if outcome in _FAILED:
        counted["failures"] += len(durations)
    for seconds in durations:
        counted[SLOTS[slot(seconds)]] += 1


def memory_in_use() -> int | None:
    """Return the memory of this process in bytes, where the system says it."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib for one read
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
