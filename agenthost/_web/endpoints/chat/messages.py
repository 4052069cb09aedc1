"""Messages of a client, read into a turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost.conversation.models import Message, ToolUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Spoken", "call_of"]

_PARTS = frozenset({"audio", "file", "image_url", "input_audio", "input_file", "input_image", "video_url"})
"""Kinds of parts that clients send besides text."""
_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
"""Kinds of parts with text, and the keys of it."""


@define
class Spoken:
    """The messages of a request, by their part in the turn."""

    history: list[Message] = field(factory=list)
    """The earlier messages."""
    text: str = ""
    """The person's latest message, empty if there is none."""
    sent: list[Message] = field(factory=list)
    """The tool calls and results after it."""
    instructions: list[str] = field(factory=list)
    """The client's instructions. To the agent, they are data."""

    @classmethod
    def read(cls, messages: Any, where: str = "messages", places: Sequence[str] = (), *, named: bool = False) -> Spoken:
        """Read the messages of a request.

        ``places`` are the names of the messages for errors. ``named`` is for a named conversation, whose
        tool calls need not be repeated with their results.

        Raises:
            ChatRefused: the messages are malformed, or end with one that leaves nothing to answer.
        """
        if not isinstance(messages, list) or not messages:
            raise ChatRefused(400, f"{where} must be a list with at least one message.", None, where)
        spoken = cls()
        said: list[Message] = []
        for number, message in enumerate(messages):
            spoken._take(message, said, places[number] if places else f"{where}[{number}]")
        if said and said[-1].role == "assistant":
            last = "has tool calls without results" if said[-1].tool_uses else "is the agent's own"
            raise ChatRefused(400, f"the last message {last}: there is nothing to answer.", None, where)
        if said and said[-1].role == "user" and not said[-1].content.strip():
            raise ChatRefused(400, "there is nothing to answer: the last message is empty.", None, where)
        said = [message for message in said if message.content or message.role != "user"]
        person = max((place for place, message in enumerate(said) if message.role == "user"), default=-1)
        if person >= 0:
            spoken.history, spoken.text, spoken.sent = said[:person], said[person].content, said[person + 1 :]
        else:
            spoken.sent = said
        if not named:
            _check_results(said, where)
        return spoken

    def so_far(self) -> list[dict[str, Any]]:
        """Return all messages but instructions, in the form of chat completions."""
        person = [Message("user", self.text)] if self.text else []
        return [_written(message) for message in (*self.history, *person, *self.sent)]

    def _take(self, message: Any, said: list[Message], where: str) -> None:
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(role, str):
            raise ChatRefused(400, f"{where} must have a role and text.", None, where)
        text = _text(message.get("content"), f"{where}.content")
        if role in ("system", "developer"):
            self.instructions.append(text)
        elif role == "user":
            said.append(Message("user", text))
        elif role == "assistant":
            uses = tuple(_uses(message.get("tool_calls"), f"{where}.tool_calls"))
            refusal = message.get("refusal")
            text = text or (refusal if isinstance(refusal, str) else "")
            if text or uses:
                said.append(Message("assistant", text, uses))
        elif role == "tool":
            call = message.get("tool_call_id")
            if not isinstance(call, str) or not call:
                raise ChatRefused(400, f"{where}.tool_call_id must name the tool call.", None, where)
            said.append(Message("tool", text, (), call))
        else:
            allowed = "system, developer, user, assistant, tool"
            raise ChatRefused(400, f"{where}.role must be one of {allowed}.", None, where)


def _written(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_uses:
        written["tool_calls"] = list(map(call_of, message.tool_uses))
    if message.tool_use_id is not None:
        written["tool_call_id"] = message.tool_use_id
    return written


def call_of(use: ToolUse) -> dict[str, Any]:
    """Return a tool call in the form of chat completions."""
    return {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}


def _text(content: Any, where: str) -> str:
    """Return the text of a message, which may have several parts.

    Raises:
        ChatRefused: a part is not text.
    """
    if content is None:
        return ""
    if not isinstance(content, list):
        if not isinstance(content, str):
            raise ChatRefused(400, f"{where} must be text.", None, where)
        return content
    texts: list[str] = []
    for number, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get(_TEXTS.get(kind, "")) if isinstance(part, dict) and isinstance(kind, str) else None
        if not isinstance(text, str):
            told = f" ({kind})" if kind in _PARTS else ""
            raise ChatRefused(
                400, f"{where}[{number}] is not text{told}: agents read text only.", None, f"{where}[{number}]"
            )
        texts.append(text)
    return "".join(texts)


def _uses(calls: Any, where: str) -> Iterator[ToolUse]:
    """Return the tool calls of an assistant's message.

    Raises:
        ChatRefused: they are malformed.
    """
    if calls is not None and not isinstance(calls, list):
        raise ChatRefused(400, f"{where} must be a list.", None, where)
    for number, call in enumerate(calls or ()):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise ChatRefused(400, f"{where}[{number}] must be a call of a function.", None, f"{where}[{number}]")
        yield ToolUse(str(call.get("id") or ""), function["name"], _arguments(function))


def _arguments(function: Mapping[str, Any]) -> str:
    """Return the arguments of a call as text, which some clients send as an object."""
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        return arguments
    return json.dumps({} if arguments is None else arguments, ensure_ascii=False)


def _check_results(said: list[Message], where: str) -> None:
    """Check that calls and results are paired.

    Raises:
        ChatRefused: a call has no result, or a result no call.
    """
    waiting: set[str] = set()
    for message in said:
        if message.role == "tool":
            if message.tool_use_id not in waiting:
                raise ChatRefused(400, f"{where}: a tool message has no tool call before it.", None, where)
            waiting.discard(message.tool_use_id or "")
        elif waiting:
            break
        else:
            waiting = {use.id for use in message.tool_uses}
    if waiting:
        raise ChatRefused(400, f"{where}: a tool call has no tool message with its result.", None, where)
