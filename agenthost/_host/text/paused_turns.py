"""Turns that wait for the results of a client's tools."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._error_words import message_of
from agenthost._host.plan.chosen_redactors import redacted
from agenthost._host.text.transcript_lines import MOST_RESULT, Line, cut
from agenthost.conversation.models import Message, ToolUse
from agenthost.conversation.turns import Note
from agenthost.errors import StateRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenthost.conversation.redaction import Redactor
    from agenthost.state import Store

__all__ = ["Paused", "PausedTurns"]

_DAY = 86400.0
_NO_RESULT = "[The client gave no result.]"
_log = logging.getLogger("agenthost.conversations")


@frozen
class Paused:
    """A turn that waits for a client's tools."""

    asked: str
    """The key of the agent that the client asked."""
    agent: str
    """The key of the agent that called the tools."""
    conversation: str
    turn: int
    """The number of the turn, as it began."""
    text: str
    notes: tuple[Note, ...]
    messages: tuple[Message, ...]
    """The tool calls of the turn so far, see ``ClientCalls``."""

    def resumed(self, sent: Sequence[Message]) -> tuple[Message, ...]:
        """Return the tool calls so far with the client's results."""
        there = {message.tool_use_id for message in self.messages}
        results = {message.tool_use_id: message for message in sent if message.role == "tool"}
        open_calls = [use.id for message in self.messages for use in message.tool_uses if use.id not in there]
        return (*self.messages, *(results.get(call, Message("tool", _NO_RESULT, (), call)) for call in open_calls))

    def lines(self, sent: Sequence[Message], at: float) -> list[Line]:
        """Return the client's results as lines of the transcript."""
        uses = {use.id: use for message in self.messages for use in message.tool_uses}
        return [
            Line(0, "tool", message.content, at, self.agent, _details(uses[message.tool_use_id or ""]))
            for message in self.resumed(sent)[len(self.messages) :]
        ]


class PausedTurns:
    """The turns of one principal that wait for a client's tools.

    Like transcripts, they are stored after redaction. They are kept for a day.
    """

    def __init__(self, store: Store, redactors: Iterable[Redactor]) -> None:
        self._store = store
        self._redactors = tuple(redactors)

    async def keep(self, paused: Paused, uses: Sequence[ToolUse]) -> None:
        """Store a turn by the first of its open calls.

        Raises:
            StateUnavailable: the store does not answer.
        """
        stored = {
            "asked": paused.asked,
            "agent": paused.agent,
            "conversation": paused.conversation,
            "turn": paused.turn,
            "text": redacted(self._redactors, paused.text),
            "notes": [[note.agent, note.kind, redacted(self._redactors, note.text)] for note in paused.notes],
            "messages": [self._stored(message) for message in paused.messages],
        }
        try:
            await self._store.set(uses[0].id, stored, ttl=_DAY)
        except StateRefused as error:  # the client's own messages have to do
            _log.warning("a turn that waits for its client's tools cannot be stored: %s", message_of(error))

    async def find(self, asked: str, sent: Sequence[Message]) -> Paused | None:
        """Return the turn that a client continues with its messages, or None.

        Raises:
            StateUnavailable: the store does not answer.
        """
        calls = next((each.tool_uses for each in reversed(sent) if each.tool_uses), ())
        ids = (*(use.id for use in calls), *(each.tool_use_id for each in sent))
        for call in dict.fromkeys(filter(None, ids)):
            try:
                stored = await self._store.get(call)
            except StateRefused:  # it is too long, so that no turn was stored by it
                continue
            if isinstance(stored, dict) and stored["asked"] == asked:
                notes = tuple(Note(*note) for note in stored["notes"])
                messages = tuple(map(_message, stored["messages"]))
                return Paused(**{**stored, "notes": notes, "messages": messages})
        return None

    def _stored(self, message: Message) -> list[Any]:
        uses = [[use.id, use.name, redacted(self._redactors, use.arguments)] for use in message.tool_uses]
        content = redacted(self._redactors, cut(message.content, MOST_RESULT))
        return [message.role, content, uses, message.tool_use_id]


def _message(stored: list[Any]) -> Message:
    role, content, uses, use_id = stored
    return Message(role, content, tuple(ToolUse(*use) for use in uses), use_id)


def _details(use: ToolUse) -> dict[str, Any]:
    return {"tool": use.name, "arguments": use.arguments, "failed": False, "client": True}
