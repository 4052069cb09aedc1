"""Trace of a call: its events in order, the same bytes for the same call."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Recorder", "Trace", "TraceEvent", "scrubbed"]

_TOKEN = re.compile(r"([?&](?:__)?token=)[^&#\s\"']+")
_USER_INFO = re.compile(r"(\bhttps?://)[^/@\s\"']+@")
_DEEPEST = 60


@frozen
class TraceEvent:
    """One event of a call.

    Args:
        number: its position, from 1.
        at: milliseconds of the call's own clock.
        kind: its kind, such as ``tool``, ``action`` or ``spoken``.
        agent: path of the agent's document.
        leg: number of the leg, 1 for the caller's.
        data: its details as JSON values, without credentials, tokens and IDs of errors.
    """

    number: int
    at: int
    kind: str
    agent: str
    leg: int
    data: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the event as JSON values."""
        return {"n": self.number, "at": self.at, "kind": self.kind, "agent": self.agent, "leg": self.leg} | dict(
            self.data
        )


@frozen
class Trace:
    """The events of a call.

    Args:
        events: the events in order.
        seed: the seed of the call's IDs and choices.
    """

    events: tuple[TraceEvent, ...]
    seed: int = 0

    def __iter__(self) -> Iterator[TraceEvent]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def of(self, *kinds: str) -> tuple[TraceEvent, ...]:
        """Return the events of some kinds."""
        return tuple(event for event in self.events if event.kind in kinds)

    @property
    def findings(self) -> tuple[TraceEvent, ...]:
        """The mistakes that the platform would log or ignore."""
        return self.of("finding", "script_error")

    def encode(self) -> bytes:
        """Return the trace as JSON, one event a line, with sorted keys."""
        lines = ",\n".join(
            json.dumps(event.to_dict(), ensure_ascii=False, sort_keys=True, default=str) for event in self.events
        )
        return f'{{"trace": 1, "seed": {self.seed}, "events": [\n{lines}\n]}}\n'.encode("utf-8", "surrogatepass")


@define
class Recorder:
    """A growing trace. A listener receives each event at once."""

    seed: int = 0
    listener: Callable[[TraceEvent], None] | None = None
    events: list[TraceEvent] = field(factory=list)
    now: int = 0
    """Milliseconds of the virtual clock, which only silence, holds and pauses move."""

    def add(self, kind: str, agent: str, leg: int, data: Mapping[str, Any]) -> None:
        """Append an event."""
        event = TraceEvent(len(self.events) + 1, self.now, kind, agent, leg, scrubbed(data))
        self.events.append(event)
        if self.listener is not None:
            self.listener(event)

    def trace(self) -> Trace:
        """Return the events so far."""
        return Trace(tuple(self.events), self.seed)


def scrubbed(value: Any, depth: int = 0) -> Any:
    """Copy JSON values, with tokens, credentials and IDs of errors replaced."""
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, str):
        return _USER_INFO.sub(r"\1", _TOKEN.sub(r"\1<TOKEN>", value)) if "://" in value or "token=" in value else value
    if isinstance(value, dict):
        return {
            str(key): "<ERROR ID>" if key == "error_id" else scrubbed(item, depth + 1) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [scrubbed(item, depth + 1) for item in value]
    return value
