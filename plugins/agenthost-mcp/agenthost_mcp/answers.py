"""Answers of a session: typed, and cut to a length for coding agents."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, TypeVar

from attrs import define, field
from mcp.server.mcpserver.exceptions import ToolError
from typing_extensions import TypedDict

__all__ = [
    "LIMIT",
    "Agent",
    "Agents",
    "Answers",
    "Checked",
    "Documented",
    "Logged",
    "Reasons",
    "Reloaded",
    "Rest",
    "Said",
    "Simulated",
    "Stored",
    "ToolAnswer",
    "Traced",
]

LIMIT = 4096
"""The longest answer, in bytes of JSON."""
_NOTE = 300
"""Bytes that are left for the note about a cut."""
_MOST_KEPT = 50
"""The most cut answers whose rest is kept."""

T = TypeVar("T", bound=dict[str, Any] | Any)


class _Answer(TypedDict, total=False):
    more: list[str]
    """The parts that were cut off, and the calls that return them."""


class Agent(TypedDict, total=False):
    """An agent in a list."""

    agent: str
    route: str | None
    tools: list[str]
    package: str
    state: str
    reason: str
    fix: str
    on_host: str
    """The state in the running host."""


class Agents(_Answer, total=False):
    """The agents of the project and of the host."""

    agents: list[Agent]
    host: str


class Reasons(_Answer, total=False):
    """Reasons that an agent is served, or not."""

    served: bool
    agent: str
    reasons: list[str]
    traceback: str


class Checked(_Answer, total=False):
    """The report of a check."""

    ok: bool
    problems: list[str]
    findings: list[str]
    traceback: str


class ToolAnswer(_Answer, total=False):
    """The tools of an agent, or the result of one."""

    tools: list[dict[str, Any]]
    text: str
    actions: list[Any]
    failed: bool
    log: str


class Said(_Answer, total=False):
    """An answer of an agent in text."""

    agent: str
    text: str
    conversation: str
    events: list[dict[str, Any]]
    log: str


class Simulated(_Answer, total=False):
    """A simulated call."""

    call: str
    lines: list[str]
    failed: bool
    log: str


class Traced(_Answer, total=False):
    """The events of a call, or the calls that have any."""

    call: str
    source: str
    events: list[dict[str, Any]]
    calls: list[str]


class Logged(_Answer, total=False):
    """Lines of the log of the host."""

    lines: list[dict[str, Any]]


class Documented(_Answer, total=False):
    """A page of the documentation."""

    text: str


class Reloaded(_Answer, total=False):
    """The outcome of a reload."""

    applied: bool
    changes: list[str]


class Stored(_Answer, total=False):
    """Keys and values of a store."""

    values: dict[str, Any]


class Rest(_Answer, total=False):
    """The next part of an answer that was cut."""

    text: str


@define
class Answers:
    """Answers of a session. What is cut off one is kept."""

    _rests: dict[str, str] = field(factory=dict, init=False)
    _numbers: Any = field(factory=lambda: count(1), init=False)

    def fit(self, answer: T) -> T:
        """Return an answer that is not longer than ``LIMIT``."""
        fitted: Any = {name: value for name, value in answer.items() if value not in (None, "", [])}
        while (excess := _size(fitted) - LIMIT) > 0:
            longest = max(fitted.keys() - {"more"}, key=lambda name: _size(fitted[name]))
            room = max(0, _size(fitted[longest]) - excess - _NOTE)
            fitted[longest], rest, note = _cut(fitted[longest], room)
            number = str(next(self._numbers))
            self._rests[number] = rest
            call = f'call rest with {{"answer": "{number}"}}'
            fitted.setdefault("more", []).append(f"{longest}: {note}; {call}")
        for number in list(self._rests)[:-_MOST_KEPT]:
            del self._rests[number]
        return fitted  # type: ignore[no-any-return]

    def rest(self, number: str) -> Rest:
        """Return the next part of what was cut off.

        Raises:
            ToolError: nothing is kept under this number.
        """
        if number not in self._rests:
            raise ToolError(f"there is no rest {number!r}. fix: repeat the call whose answer was cut")
        return self.fit(Rest(text=self._rests[number]))


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, indent=2).encode(errors="replace"))


def _cut(value: Any, room: int) -> tuple[Any, str, str]:
    """Return the beginning of a value, the rest as text, and a note about it."""
    if isinstance(value, str):
        kept = _beginning(value, room)
        return kept, value[len(kept) :], f"{len(kept)} of {len(value)} characters"
    items = list(value.items()) if isinstance(value, dict) else list(value)
    kept_items: list[Any] = []
    for item in items:
        room -= _size([item]) + 2 * len(json.dumps(item, indent=2).splitlines())
        if room < 0:
            break
        kept_items.append(item)
    left = items[len(kept_items) :]
    lines = (dict([each]) for each in left) if isinstance(value, dict) else left
    rest = "\n".join(each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in lines)
    return type(value)(kept_items), rest, f"{len(kept_items)} of {len(items)}"


def _beginning(text: str, room: int) -> str:
    """Return the longest beginning that takes no more bytes as JSON.

    It ends with a line where there is one.
    """
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _size(text[:middle]) <= room else (low, middle - 1)
    line = text.rfind("\n", 0, low) + 1
    return text[: line if line > low // 2 else low]
