"""Outcomes of turns as JSON, for clients that repeat a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from agenthost import errors
from agenthost.conversation.models import Message, ToolUse, Usage
from agenthost.conversation.turns import ClientCalls, Escalated, Note, Reply, Routed, Said, ToolEnded, ToolStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenthost.conversation.turns import Event

__all__ = ["error_as_json", "error_of", "outcome_as_json", "outcome_of"]

_SAID = frozenset({"arguments", "content", "reason", "result", "text"})
_EVENTS = {kind.__name__: kind for kind in (Escalated, Routed, Said, ToolEnded, ToolStarted)}


def outcome_as_json(events: Iterable[Event], reply: Reply, redact: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the events and the reply of a turn.

    Consecutive words of one agent are one event. ``redact`` changes what people, agents and tools said.
    """
    joined: list[Event] = []
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, Said) and isinstance(last, Said) and last.agent == event.agent:
            joined[-1] = Said(event.agent, last.text + event.text)
        else:
            joined.append(event)
    told = attrs.asdict(attrs.evolve(reply, outcomes=()))
    heard = [[type(event).__name__, attrs.asdict(event, recurse=False)] for event in joined]
    return {"events": _redacted(heard, redact), "reply": _redacted(told, redact)}


def _redacted(value: Any, redact: Callable[[str], str], *, said: bool = False) -> Any:
    """Redact the texts of some fields, and everything within them."""
    if isinstance(value, str):
        return redact(value) if said else value
    if isinstance(value, Mapping):
        return {name: _redacted(item, redact, said=said or name in _SAID) for name, item in value.items()}
    return [_redacted(item, redact, said=said) for item in value] if isinstance(value, (list, tuple)) else value


def outcome_of(stored: Mapping[str, Any]) -> tuple[list[Event], Reply]:
    """Return the events and the reply of a stored outcome.

    Raises:
        LookupError: another version stored it, or nothing is stored.
        TypeError: another version stored it.
    """
    told = dict(stored["reply"])
    told |= {"usage": Usage(**told["usage"]), "outcomes": ()}
    told |= {name: tuple(told[name]) for name in ("path", "actions")}
    if told["client_calls"] is not None:
        calls = told["client_calls"]
        notes = tuple(Note(**note) for note in calls["notes"])
        told["client_calls"] = ClientCalls(_uses(calls["uses"]), tuple(map(_message, calls["messages"])), notes)
    return [_EVENTS[name](**fields) for name, fields in stored["events"]], Reply(**told)


def _uses(stored: Iterable[Mapping[str, Any]]) -> tuple[ToolUse, ...]:
    return tuple(ToolUse(**use) for use in stored)


def _message(stored: Mapping[str, Any]) -> Message:
    return Message(**{**stored, "tool_uses": _uses(stored["tool_uses"])})


def error_as_json(error: BaseException) -> dict[str, Any]:
    """Return the error of a turn."""
    told = {"error": type(error).__name__, "message": str(error)}
    return told | ({"retry_after": error.retry_after} if isinstance(error, errors.ModelUnavailable) else {})


def error_of(stored: Mapping[str, Any]) -> Exception:
    """Return the stored error of a turn."""
    name, message = stored.get("error", ""), stored.get("message", "")
    if name == "TimeoutError":
        return TimeoutError(message)
    if name == "ModelUnavailable":
        return errors.ModelUnavailable(message, stored.get("retry_after"))
    kind = getattr(errors, name, None) if name in errors.__all__ else None
    if isinstance(kind, type) and issubclass(kind, errors.AgentHostError):
        return kind(message)
    return errors.AgentHostError("the turn failed.")
