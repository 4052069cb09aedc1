"""Responses in the form of OpenAI's API."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from attrs import define, field

from agenthost._web.endpoints.chat.answers import details_of
from agenthost._web.endpoints.chat.messages import call_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.endpoints.chat.refusals import ChatRefused
    from agenthost._web.endpoints.chat.requests import Asked
    from agenthost.conversation.turns import Reply

__all__ = ["Responding"]

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


@define
class Responding:
    """A response in progress."""

    asked: Asked
    body: Mapping[str, Any]
    """The request's body."""
    name: str = field(factory=lambda: secrets.token_hex(12))
    created: int = field(factory=lambda: int(time.time()))
    happened: list[dict[str, Any]] = field(factory=list)

    @property
    def id(self) -> str:
        """The ID of the response."""
        return f"resp_{self.name}"

    def item_id(self, kind: str, place: int) -> str:
        """Return the ID of an output item."""
        return f"{kind}_{self.name}_{place}"

    def begun(self) -> dict[str, Any]:
        """Return the response before its end."""
        body, options = self.body, self.asked.options
        text = body.get("text") if isinstance(body.get("text"), dict) else None
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "max_output_tokens": options.max_tokens,
            "model": self.asked.agent,
            "output": [],
            "parallel_tool_calls": options.parallel,
            "previous_response_id": body.get("previous_response_id"),
            "conversation": {"id": self.asked.conversation} if self.asked.named else None,
            "reasoning": {"effort": None, "summary": None},
            "store": body.get("store") is not False,
            "temperature": options.temperature,
            "text": {"format": {"type": "text"}, **(text or {})},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": body.get("tools") or [],
            "top_p": None,
            "truncation": "disabled",
            "usage": None,
            "user": None,
            "metadata": body.get("metadata") or {},
        }

    def whole(self, reply: Reply, *, streamed: bool = False) -> dict[str, Any]:
        """Return the response at its end."""
        usage = reply.usage
        reason = _INCOMPLETE.get(reply.finish)
        details = details_of(self.asked, reply) | ({"events": self.happened} if self.asked.tools else {})
        return self.begun() | {
            "status": "completed" if reason is None else "incomplete",
            "incomplete_details": None if reason is None else {"reason": reason},
            "output": self.output(reply, streamed=streamed),
            "usage": {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": usage.tokens,
            },
            "agenthost": details,
        }

    def output(self, reply: Reply, *, streamed: bool) -> list[dict[str, Any]]:
        """Return the output items. The words of a refusal that was streamed are text, too."""
        items: list[dict[str, Any]] = []
        calls = reply.client_calls.uses if reply.client_calls is not None else ()
        if reply.text or not calls:
            parts = [text_part(reply.text)] if streamed or not reply.refused else []
            parts += [{"type": "refusal", "refusal": reply.text}] if reply.refused else []
            status = "incomplete" if reply.finish in _INCOMPLETE else "completed"
            items.append({**self.message(), "status": status, "content": parts})
        for use in calls:
            called = {"call_id": use.id, "name": use.name, "arguments": use.arguments, "status": "completed"}
            items.append({"id": self.item_id("fc", len(items)), "type": "function_call", **called})
        return items

    def message(self) -> dict[str, Any]:
        """Return the message of the output before its words."""
        message = {"id": self.item_id("msg", 0), "type": "message", "role": "assistant"}
        return {**message, "status": "in_progress", "content": []}

    def failed(self, refused: ChatRefused) -> dict[str, Any]:
        """Return the response if it has no end."""
        error = refused.body["error"]
        told = {"code": error["code"] or "server_error", "message": error["message"]}
        return self.begun() | {"status": "failed", "error": told}

    def said(self, reply: Reply) -> list[dict[str, Any]]:
        """Return the messages that the turn adds, in the form of chat completions."""
        messages: list[dict[str, Any]] = []
        started: list[dict[str, Any]] = []
        for event in self.happened:
            if event["event"] == "tool_started":
                started.append(event)
            elif event["event"] == "tool_ended":
                begun = next(each for each in started if each["tool"] == event["tool"])
                started.remove(begun)
                messages += _pair(f"call_{self.name}_{len(messages)}", event, begun["arguments"])
        calls = list(map(call_of, reply.client_calls.uses if reply.client_calls is not None else ()))
        if reply.text:
            messages.append({"role": "assistant", "content": reply.text})
        if calls:
            messages.append({"role": "assistant", "content": "", "tool_calls": calls})
        return messages


def text_part(text: str) -> dict[str, Any]:
    """Return text as a part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _pair(call: str, event: Mapping[str, Any], arguments: Any) -> list[dict[str, Any]]:
    """Return a call of the agent's own tool with its result."""
    function = {"name": event["tool"], "arguments": json.dumps(arguments, ensure_ascii=False, default=str)}
    return [
        {"role": "assistant", "content": "", "tool_calls": [{"id": call, "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": call, "content": event["result"]},
    ]
