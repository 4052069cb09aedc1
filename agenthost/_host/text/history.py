"""The history of a conversation for a language model, with one bound for all.

It is made from the transcript, or sent by a client.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost.conversation.models import Message, ToolUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenthost._host.text.transcript_lines import Line

__all__ = ["Bound", "bounded", "call_messages", "history_of"]

_PER_TOKEN = 4
"""Characters of a token, as an estimate that is the same for every model."""
_UNANSWERED = "[The turn failed: this message has no answer.]"
_NOT_CONTINUED = "[This message has no answer: a tool of the client was called, and gave no result.]"
_BROKEN_OFF = "[The turn failed: this answer was broken off.]"
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64


@frozen
class Bound:
    """The bound of a history: messages of people and agents, and tokens of everything."""

    messages: int = 40
    tokens: int = 6144

    @property
    def characters(self) -> int:
        """The most characters of a history, with tool calls and results."""
        return self.tokens * _PER_TOKEN


@frozen
class _Unit:
    """Messages that stay together: one message, or tool calls with their results."""

    messages: tuple[Message, ...]
    counts: int
    """Number of messages that count: those of people and agents."""

    @property
    def length(self) -> int:
        return sum(
            len(message.content) + sum(len(use.name) + len(use.arguments) for use in message.tool_uses)
            for message in self.messages
        )


def history_of(lines: Iterable[Line], bound: Bound) -> tuple[tuple[Message, ...], bool]:
    """Return the messages of the turns so far for a model, the oldest first.

    Each tool call is followed by its result, also in turns that failed. The second value is True if messages are left
    out, see ``bounded``.
    """
    return _latest([*_units(lines)], bound)


def bounded(history: Sequence[Message], bound: Bound) -> tuple[tuple[Message, ...], bool]:
    """Return the latest messages of a history that a client sends.

    The second value is True if others are left out. The oldest are left out if there are too many, or if they are too
    long. Tool calls and their results do not count as messages, and a call is never separated from its result.
    """
    units: list[list[Message]] = []
    for message in history:
        if message.role == "tool" and units:
            units[-1].append(message)
        else:
            units.append([message])
    counted = [_Unit(tuple(unit), int(unit[0].role != "tool" and bool(unit[0].content))) for unit in units]
    return _latest(counted, bound)


def _latest(units: Sequence[_Unit], bound: Bound) -> tuple[tuple[Message, ...], bool]:
    first = len(units) if not bound.messages else 0
    count = length = 0
    for place in range(len(units) - 1, first - 1, -1):
        count += units[place].counts
        length += units[place].length
        if count > bound.messages or length > bound.characters:
            first = place + 1
            break
    return tuple(message for unit in units[first:] for message in unit.messages), first > 0


def _units(lines: Iterable[Line]) -> Iterator[_Unit]:
    turns = [
        (turn, [*own]) for turn, own in groupby(sorted(lines, key=lambda line: line.turn), key=lambda line: line.turn)
    ]
    for place, (turn, own) in enumerate(turns):
        answered = False
        said = ""
        for number, line in enumerate(own):
            if line.role == "tool":
                tool, arguments = str(line.more.get("tool", "")), line.more.get("arguments", "{}")
                yield _Unit(call_messages(f"call_{turn}_{number}", tool, arguments, line.text), 0)
            elif line.role == "user":
                if line.text:  # it is empty if the agent had to begin
                    yield _Unit((Message("user", line.text),), 1)
            elif line.role == "assistant":
                answered = True
                if line.text:
                    yield _Unit((Message("assistant", line.text),), 1)
                if line.more.get("client_calls") and not _continued(turns[place + 1 :]):
                    yield _Unit((Message("assistant", _NOT_CONTINUED),), 1)
            else:
                said = str(line.more.get("said", ""))
        if not answered:
            yield _Unit((Message("assistant", f"{said}\n\n{_BROKEN_OFF}" if said else _UNANSWERED),), 1)


def _continued(following: list[tuple[int, list[Line]]]) -> bool:
    """Return True if the next turn begins with the result of a client's tool."""
    return bool(following) and following[0][1][0].role == "tool"


def call_messages(use_id: str, tool: str, arguments: Any, result: str) -> tuple[Message, Message]:
    """Return a tool call and its result.

    The stored name and arguments may not be what a model's server accepts.
    """
    name = _NOT_IN_A_NAME.sub("_", tool)[:_LONGEST_NAME] or "_"
    use = ToolUse(use_id, name, _object(arguments))
    return Message("assistant", "", (use,)), Message("tool", result, (), use_id)


def _object(stored: Any) -> str:
    """Return arguments as a JSON object, even if they were cut or redacted."""
    try:
        if isinstance(json.loads(stored), dict):
            return str(stored)
    except (TypeError, ValueError, RecursionError):
        pass
    return json.dumps({"not_shown_in_full": str(stored)}, ensure_ascii=False)
