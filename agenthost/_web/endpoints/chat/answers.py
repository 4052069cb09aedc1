"""Answers in the form of OpenAI's chat completions."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost.conversation.models import ToolUse
    from agenthost.conversation.turns import Reply

__all__ = ["Answering", "call_of", "usage_of"]

_encode = msgspec.json.Encoder().encode


@define
class Answering:
    """An answer in progress."""

    asked: Asked
    id: str = field(factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(factory=lambda: int(time.time()))
    happened: list[dict[str, Any]] = field(factory=list)

    def whole(self, reply: Reply) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
        if reply.refused:
            message["refusal"] = reply.text
        if reply.client_calls is not None:
            message |= {"content": reply.text or None, "tool_calls": list(map(call_of, reply.client_calls.uses))}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
        head = {"id": self.id, "object": "chat.completion", "created": self.created, "model": self.asked.agent}
        return {**head, "choices": [choice], "usage": usage_of(reply), "agenthost": self.details(reply)}

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self.event({"choices": [choice], **more})

    def event(self, more: Mapping[str, Any]) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.asked.agent}
        return b"data: %b\n\n" % _encode({**head, **more})

    def details(self, reply: Reply) -> dict[str, Any]:
        """Return the data of a reply without its text."""
        told: dict[str, Any] = {
            "conversation": self.asked.conversation,
            "agent": reply.agent,
            "path": list(reply.path),
            "handed_to": reply.handed_to,
            "escalate": reply.escalate,
            "confidence": reply.confidence,
            "actions": list(reply.actions),
            "ignored": list(self.asked.ignored),
        }
        return told | ({"events": self.happened} if self.asked.tools else {})


def call_of(use: ToolUse) -> dict[str, Any]:
    """Return a tool call for the client."""
    return {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}


def usage_of(reply: Reply) -> dict[str, int]:
    """Return the tokens of a reply."""
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.tokens,
    }
