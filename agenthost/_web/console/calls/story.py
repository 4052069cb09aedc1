"""The events of a call, from its records and from the log of the host."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost._pictures.lanes import CALLER, Lanes
from agenthost._web.console.texts import gettext, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ended", "picture_of", "story_of"]

_MICROSECOND = 1_000_000
_ROUNDED = 1000
"""Microseconds that the time of a line of the log may be too early."""
_CALLS = frozenset({"function_call", "function_error"})
_QUIET = frozenset({"session_start", "session_end", *_CALLS})
_SUMMARY = "on_summary"
_CHANGES = ("set_global_data", "unset_global_data", "set_meta_data", "unset_meta_data")


def story_of(
    records: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return the events of a call, in order.

    Each has ``seconds`` since its beginning or None, ``kind``, ``begin`` and ``end``, the lanes, ``text``, and details.

    Args:
        records: its records, the earliest first.
        lines: lines of ``agenthost.calls`` about it, the oldest first.
        changes: changes of shared state as ``changes_of`` gives them, for agents without a record.
    """
    began = _number(records[0].get("began")) if records else None
    telling = _Telling(list(lines), None if began is None else began / _MICROSECOND)
    for record in records:
        telling.tell(record)
    telling.tell_lines([each for each in changes if each["agent"] not in telling.recorded])
    return telling.events


def ended(records: Sequence[Mapping[str, Any]], lines: Iterable[Mapping[str, Any]]) -> bool:
    """Return True if the summary of a call has come."""
    return bool(records) or any(line.get("tool") == _SUMMARY for line in lines)


def picture_of(events: Sequence[Mapping[str, Any]], agents: Sequence[str]) -> str:
    """Return the picture of events, as SVG."""

    def kind_of(lane: str) -> str:
        return "person" if lane == CALLER else "agent" if lane in agents else "function"

    drawing = Lanes(kind_of, [*agents], gettext("caller"), gettext("and so on"))
    for event in events:
        drawing.arrow(event["begin"], event["end"], event["text"], event["kind"])
    return drawing.svg(gettext("Picture of the call. The table below has the same as text."))


@define
class _Telling:
    """The events so far."""

    lines: list[Mapping[str, Any]]
    """Lines of the log that no event has yet."""
    began: float | None
    events: list[dict[str, Any]] = field(factory=list)
    agent: str = ""
    changes: list[Mapping[str, Any]] = field(factory=list)
    """Changes of shared state that no event has yet."""
    recorded: set[str] = field(factory=set)
    """Agents whose record has been read."""

    def add(self, seconds: float | None, kind: str, begin: str, end: str, text: str, **details: Any) -> None:
        kept = {name: value for name, value in details.items() if value not in (None, "", [], {})}
        event = {"seconds": seconds, "kind": kind, "begin": begin, "end": end, "text": text, **kept}
        self.events.append(event)

    def tell(self, record: Mapping[str, Any]) -> None:
        """Add the events of an agent's part in the call."""
        self.reach(str(record.get("agent")), self._since(record.get("began")))
        self.recorded.add(self.agent)
        waiting = _dicts(record.get("functions"))
        self.changes = _dicts(record.get("changes"))
        for line in _dicts(record.get("log")):
            self._tell_line(line, waiting)
        for entry in waiting:  # which the platform's log does not place
            self._call(entry, None)
        self._tell_changes(None)
        words = _summary(record)
        if words:
            self.add(
                self._since(record.get("ended")),
                "note",
                self.agent,
                self.agent,
                gettext("summary: {words}").format(words=words),
            )

    def tell_lines(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Add what only the log and the workers have, as of an open call."""
        self.changes = [*changes]
        for line in self.lines:
            agent, fine = str(line.get("agent")), line.get("outcome") == "ok"
            if fine and (agent in self.recorded or line.get("tool") == _SUMMARY):
                continue
            if (time := _time_of(line)) is not None:
                self._tell_changes(time + _ROUNDED)
            seconds = self._since(time)
            if agent not in self.recorded:
                self.reach(agent, seconds)
            self._answer(str(line.get("tool")), seconds, line, {}, agent)
        self.lines = []
        self._tell_changes(None)

    def reach(self, agent: str, seconds: float | None) -> None:
        """Note the agent that the call has reached."""
        if self.agent and agent != self.agent:
            self.add(seconds, "hop", self.agent, agent, gettext("hands over"))
        self.agent = agent

    def _tell_line(self, line: Mapping[str, Any], waiting: list[Mapping[str, Any]]) -> None:
        role, content, action = line.get("role"), line.get("content"), line.get("action")
        action = action if isinstance(action, str) else ""
        seconds, latency = self._since(line.get("timestamp")), line.get("latency")
        if role == "user" and isinstance(content, str):
            self.add(seconds, "heard", CALLER, self.agent, content, latency=latency)
        elif role in ("assistant", "assistant-manual") and isinstance(content, str) and content:
            self.add(seconds, "spoken", self.agent, CALLER, content, latency=latency)
        elif action in _CALLS or role == "tool":
            name = line.get("function")
            entry = next((each for each in waiting if name in (None, each.get("function"))), None)
            if entry is not None:
                waiting.remove(entry)
                self._call(entry, seconds)
        elif action == "step_change":
            words = gettext("step {step} of {context}") if line.get("context") else gettext("step {step}")
            words = words.format(step=line.get("step") or "", context=line.get("context"))
            self.add(seconds, "note", self.agent, self.agent, words, trigger=line.get("trigger"))
        elif action and action not in _QUIET:
            self.add(seconds, "note", self.agent, self.agent, action.replace("_", " "))

    def _call(self, entry: Mapping[str, Any], seconds: float | None) -> None:
        name, answer = str(entry.get("function")), entry.get("answer")
        line = next((each for each in self.lines if (each.get("agent"), each.get("tool")) == (self.agent, name)), {})
        if line:
            self.lines.remove(line)
            seconds = self._since(_time_of(line)) if seconds is None else seconds
        written = str(entry.get("arguments") or "")
        self.add(seconds, "call", self.agent, name, f"{name}({_short(written)})", arguments=written)
        known = {"duration": entry.get("seconds"), **line}
        self._answer(name, seconds, known, answer if isinstance(answer, dict) else {}, self.agent)
        if (ended := _number(entry.get("ended"))) is not None:
            self._tell_changes(ended)

    def _tell_changes(self, until: float | None) -> None:
        """Add the changes of shared state until a time, or all."""
        if until is None:
            until = float("inf")
        for each in [each for each in self.changes if (_number(each.get("at")) or 0) <= until]:
            self.changes.remove(each)
            agent, seconds = str(each.get("agent") or self.agent), self._since(each.get("at"))
            if agent != self.agent:
                self.reach(agent, seconds)
            self.add(seconds, "note", str(each.get("part")), agent, _change(each))

    def _answer(
        self, name: str, seconds: float | None, line: Mapping[str, Any], answer: Mapping[str, Any], agent: str
    ) -> None:
        """Add the answer of a tool, from the log, a record, or both."""
        error_id = answer.get("error_id") or line.get("error_id")
        failed = error_id or line.get("outcome") not in (None, "ok")
        said = str(answer.get("response", "")) or f"{name}: {word(str(line.get('outcome', 'answered')))}"
        duration, actions = line.get("duration"), answer.get("action")
        known = {"duration": duration, "outcome": line.get("outcome"), "error_id": error_id, "actions": actions}
        self.add(seconds, "finding" if failed else "result", name, agent, said, **known)
        for action in _dicts([actions] if isinstance(actions, dict) else actions):
            for change in _CHANGES:
                if change in action:
                    words = f"{change.replace('_', ' ')}: {json.dumps(action[change], ensure_ascii=False)}"
                    self.add(seconds, "note", agent, agent, words)

    def _since(self, time: Any) -> float | None:
        """Return the seconds since the call began, for a time in microseconds since 1970."""
        number = _number(time)
        if number is None or number <= 0:
            return None
        if self.began is None:
            self.began = number / _MICROSECOND
        return round(number / _MICROSECOND - self.began, 3)


def _change(change: Mapping[str, Any]) -> str:
    length = gettext("{number} bytes").format(number=change["length"]) if change.get("length") else ""
    words = gettext("{what} {key} of {scope}: {value}")
    known = {name: change.get(name) for name in ("key", "scope")}
    what, value = word(str(change.get("what"))), change.get("value") or length
    return words.format(what=what, **known, value=value).removesuffix(": ")


def _time_of(line: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(line.get("timestamp"))).timestamp() * _MICROSECOND
    except ValueError:
        return None


def _summary(record: Mapping[str, Any]) -> str:
    data = record.get("summary")
    return " ".join(str(data.get("raw", "")).split()) if isinstance(data, dict) else ""


def _short(arguments: str) -> str:
    """Return arguments without the braces of their object."""
    return arguments[1:-1] if arguments.startswith("{") and arguments.endswith("}") else arguments


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
