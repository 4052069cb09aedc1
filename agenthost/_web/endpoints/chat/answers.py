"""Answers in the form of OpenAI's chat completions."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import define, field

from agenthost._web.endpoints.chat.messages import call_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._web.endpoints.chat.refusals import ChatRefused
    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost.conversation.turns import Reply

__all__ = ["Answering", "details_of"]

_encode = msgspec.json.Encoder().encode


@define
class Answering:
    """An answer in progress, in the form of a chat completion."""

    asked: Asked
    id: str = field(factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(factory=lambda: int(time.time()))
    happened: list[dict[str, Any]] = field(factory=list)

    def whole(self, reply: Reply) -> dict[str, Any]:
        """Return the answer as a whole."""
        message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
        if reply.refused:
            message["refusal"] = reply.text
        if reply.client_calls is not None:
            message |= {"content": reply.text or None, "tool_calls": list(map(call_of, reply.client_calls.uses))}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
        head = {"id": self.id, "object": "chat.completion", "created": self.created, "model": self.asked.agent}
        return {**head, "choices": [choice], "usage": _usage(reply), "agenthost": self._details(reply)}

    def begin(self) -> Sequence[bytes]:
        """Return the first pieces of a stream."""
        return (self._chunk({"role": "assistant", "content": ""}),)

    def words(self, text: str) -> Sequence[bytes]:
        """Return the pieces of a stream for words."""
        return (self._chunk({"content": text}),)

    def note(self, event: dict[str, Any]) -> Sequence[bytes]:
        """Note an event besides words, and return its pieces of a stream."""
        self.happened.append(event)
        return (self._chunk({}, agenthost=event),) if self.asked.tools else ()

    async def end(self, reply: Reply) -> Sequence[bytes]:
        """Return the last pieces of a stream."""
        calls = reply.client_calls.uses if reply.client_calls is not None else ()
        return (
            *((self._chunk({"refusal": reply.text}),) if reply.refused else ()),
            *(self._chunk({"tool_calls": [{"index": index, **call_of(use)}]}) for index, use in enumerate(calls)),
            self._chunk({}, reply.finish, agenthost=self._details(reply)),
            *((self._event({"choices": [], "usage": _usage(reply)}),) if self.asked.usage else ()),
            b"data: [DONE]\n\n",
        )

    def failed(self, refused: ChatRefused) -> Sequence[bytes]:
        """Return the last pieces of a stream that has begun and has no end."""
        return (b"data: %b\n\n" % _encode(refused.body),)

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._event({"choices": [choice], **more})

    def _event(self, more: Mapping[str, Any]) -> bytes:
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.asked.agent}
        return b"data: %b\n\n" % _encode({**head, **more})

    def _details(self, reply: Reply) -> dict[str, Any]:
        told = details_of(self.asked, reply)
        return told | ({"events": self.happened} if self.asked.tools else {})


def details_of(asked: Asked, reply: Reply) -> dict[str, Any]:
    """Return what OpenAI's format has no field for."""
    return {
        "conversation": asked.conversation,
        "agent": reply.agent,
        "path": list(reply.path),
        "handed_to": reply.handed_to,
        "escalate": reply.escalate,
        "confidence": reply.confidence,
        "actions": list(reply.actions),
        "history_cut": reply.history_cut,
        "ignored": list(asked.ignored),
    }


def _usage(reply: Reply) -> dict[str, int]:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.tokens,
    }
