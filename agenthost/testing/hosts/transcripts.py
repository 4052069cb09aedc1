"""Transcripts of calls as people read them, for messages of failed expectations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost.testing.platform.trace import TraceEvent

__all__ = ["transcript"]

_MOST = 160
_LINES = 40


def transcript(events: Iterable[TraceEvent]) -> str:
    """Return the events of a call that matter to a reader, a line each."""
    lines = [f"  {event.agent or '-':<12} {line}" for event in events if (line := _line(event.kind, event.data))]
    left = [f"  … {len(lines) - _LINES} earlier lines"] if len(lines) > _LINES else []
    return "\n".join([*left, *lines[-_LINES:]])


def _line(kind: str, data: Any) -> str:
    match kind:
        case "heard":
            return f"caller: {_short(data.get('text', data.get('digits', '')))}"
        case "spoken":
            return f"agent ({data['by']}): {_short(data['text'])}"
        case "tool":
            failed = f" ({data['error']})" if "error" in data else ""
            return f"tool: {data['function']}({_arguments(data)}) → {_short(data['response'])}{failed}"
        case "action":
            return f"action: {data['action']} {_short(_json(data['value']))}"
        case "step":
            return f"step: {data['context']}/{data['step']}"
        case "transfer" | "execute" | "connect":
            return f"{kind}: {_short(data.get('dest', data.get('to', '')))}"
        case "summary":
            return f"summary: {_short(_json(data['data']))}"
        case "finding" | "script_error":
            return f"finding: {_short(data['message'])}"
        case "ended":
            return f"ended: {data['cause']}"
        case _:
            return ""


def _arguments(data: Any) -> str:
    given = data.get("arguments", {})
    return ", ".join(f"{name}={value!r}" for name, value in given.items()) if isinstance(given, dict) else repr(given)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _short(text: Any) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
