"""Events of a simulated call as lines of a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost.testing.platform.trace import TraceEvent

__all__ = ["line_of"]

_MOST = 300


def line_of(event: TraceEvent) -> str | None:
    """Return the line of an event, or None if it is not shown."""
    data = event.data
    match event.kind:
        case "spoken":
            return f"{event.agent}: {data['text']}"
        case "heard":
            return f"caller: {data.get('text', data.get('digits', ''))}"
        case "finding" | "script_error":
            return f"  ! {data['code']}: {data['message']}"
    note = _NOTES.get(event.kind)
    return None if note is None else _note(note(data))


def _tool(data: Mapping[str, Any]) -> str:
    outcome = f"{data['error']}: {data['response']}" if data.get("error") else data["response"]
    return f"{data['function']}({_arguments(data['arguments'])}) → {outcome}"


def _skipped(data: Mapping[str, Any]) -> str:
    return f"skipped: {data.get('action', data.get('function', ''))}, because {data['reason']}"


def _sent(data: Mapping[str, Any]) -> str:
    return f"{data['method']} {data['url']}: {data['status'] or 'no answer'}"


def _note(text: str) -> str:
    line = " ".join(text.split())
    return f"  · {line if len(line) <= _MOST else line[:_MOST] + '…'}"


def _arguments(arguments: Any) -> str:
    if not isinstance(arguments, dict):
        return str(arguments)
    return ", ".join(f"{name}={_json(value)}" for name, value in arguments.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_NOTES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "action": lambda data: f"action {data['action']}: {_json(data['value'])}",
    "action_skipped": _skipped,
    "call_skipped": _skipped,
    "connect": lambda data: f"connect to {data['to']}: {data['result']}",
    "data_map": _sent,
    "document": lambda data: f"{data['agent_path']} has the call",
    "ended": lambda data: f"the call has ended: {data['cause']}",
    "gather": lambda data: f"{data['key']} = {_json(data['answer'])}",
    "hook": lambda data: f"{data['function']} → {data['response']}",
    "request": _sent,
    "step": lambda data: f"step {data['context']}/{data['step']}",
    "summary": lambda data: f"summary: {data['data'].get('raw', '')}",
    "tool": _tool,
    "unheard": lambda data: f"unheard: {data['reason']}",
}
"""Events that are shown as notes, by kind."""
