"""The record of one agent's part in a call, made from the platform's summary."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from agenthost.tools.swaig import call_id, conversation_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agenthost._host.packages.stages import Mounted

__all__ = ["FORMAT", "SHOWN_DIGITS", "changes_of", "clean", "record_of"]

FORMAT = 1
_MOST_LINES = 400
_LONGEST = 4000
_DEEPEST = 20
SHOWN_DIGITS = 4
_TOKEN = re.compile(r"([?&](?:__)?token=)[^&#\s\"']+")
_USER_INFO = re.compile(r"(\bhttps?://)[^/@\s\"']+@")
_KEPT_OF_LINES = ("role", "content", "action", "function", "step", "context", "trigger")
_MEASURED = ("timestamp", "latency")
"""The last words in the names of a line's measurements."""
_NAMES_OF_TIMES = re.compile(r"(?:timestamp|[dD]ate|[tT]imes?|At|(?:^|_)(?:at|ts|ms|us|ns|start|end|began|ended))$")
_TIMES = tuple((1.5 * unit, 2.2 * unit) for unit in (1e12, 1e15, 1e18))
"""Milli-, micro- and nanoseconds since 1970, from 2017 to 2039. No issuer has card numbers among these."""


def record_of(
    agent: Mounted, body: Mapping[str, Any], redact: Callable[[str], str], notes: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the record of a summary, with every text redacted.

    ``notes`` are those of ``CallNotes.report``. Credentials and tokens of URLs are removed. Of the caller's number, the
    last digits are kept.
    """
    number = str(body.get("caller_id_number") or body.get("caller_id_num") or "")
    record = {
        "format": FORMAT,
        "id": call_id(body) or conversation_id(body) or "",
        "conversation": conversation_id(body) or "",
        "session": body.get("ai_session_id"),
        "agent": agent.key,
        "route": agent.route,
        "package": agent.distribution,
        "version": agent.version,
        "caller": f"…{number[-SHOWN_DIGITS:]}" if number else "",
        "began": body.get("ai_start_date"),
        "ended": body.get("ai_end_date"),
        "ended_by": body.get("call_ended_by"),
        "summary": body.get("post_prompt_data"),
        "global_data": body.get("global_data"),
        "log": [_line(line) for line in _dicts(body.get("call_log"))[:_MOST_LINES]],
        "timeline": body.get("call_timeline"),
        "times": body.get("times"),
        "usage": {key: value for key, value in body.items() if key.startswith("total_") and _is_number(value)},
    }
    cleaned: dict[str, Any] = clean(record, redact)
    functions = [_function(entry, redact) for entry in _dicts(body.get("swaig_log"))[:_MOST_LINES]]
    own = [each for each in notes if each["agent"] == agent.key]
    _time(functions, [each for each in own if "seconds" in each])
    changes = [_change(each, redact) for each in own if "what" in each][:_MOST_LINES]
    return cleaned | {"functions": functions, "changes": changes}


def changes_of(notes: Sequence[Mapping[str, Any]], redact: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the changes of shared state among notes, redacted as in a record.

    Each has its ``agent``.
    """
    return [{"agent": each["agent"], **_change(each, redact)} for each in notes if "what" in each][:_MOST_LINES]


def clean(value: Any, redact: Callable[[str], str], depth: int = 0, name: str = "") -> Any:
    """Copy JSON values with every text redacted and cut, names and long numbers included.

    ``name`` is the field that has the value: a number stays if its field and its size are those of a time.
    """
    if isinstance(value, str):
        return redact(_USER_INFO.sub(r"\1", _TOKEN.sub(r"\1***", value)))[:_LONGEST]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if _is_time(name, value):
            return value
        written = _written(value)
        shown = redact(written)
        return value if shown == written else shown
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        return {clean(str(key), redact): clean(item, redact, depth + 1, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, redact, depth + 1, name) for item in value[: _MOST_LINES * 2]]
    return value


def _is_time(name: str, number: float) -> bool:
    return _NAMES_OF_TIMES.search(name) is not None and any(first <= number < last for first, last in _TIMES)


def _written(number: float) -> str:
    """Return a number as its digits, also one that JSON has as a fraction."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in line.items() if key in _KEPT_OF_LINES or key.endswith(_MEASURED)}


def _function(entry: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    answer = entry.get("post_response")
    kept = answer if isinstance(answer, dict) else {}
    answered = {key: kept[key] for key in ("response", "action", "post_process", "error_id") if key in kept}
    return {
        "function": clean(str(entry.get("command_name", "")), redact),
        "arguments": _arguments(entry.get("command_arg"), redact),
        "answer": clean(answered, redact),
    }


def _time(functions: Sequence[dict[str, Any]], notes: list[Mapping[str, Any]]) -> None:
    """Add its end and its seconds to each function call that was noted."""
    for entry in functions:
        note = next((each for each in notes if each["part"] == entry["function"]), None)
        if note is not None:
            notes.remove(note)
            entry |= {"ended": note["at"], "seconds": note["seconds"]}


def _change(note: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """Return a change of shared state."""
    told = {name: clean(note[name], redact) for name in ("part", "what", "scope", "key")}
    value = {"value": _arguments(note["value"], redact)} if "value" in note else {}
    length = {"length": note["length"]} if "length" in note else {}
    return {"at": note["at"], **told, **value, **length}


def _arguments(written: Any, redact: Callable[[str], str]) -> str:
    """Return the arguments of a call as JSON, with each number and text redacted."""
    if isinstance(written, str):
        try:
            written = json.loads(written)
        except (ValueError, RecursionError):
            return str(clean(written, redact))
    shown = json.dumps(clean(written, redact), ensure_ascii=False)
    return shown.encode("utf-8", "replace").decode()[:_LONGEST]


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
