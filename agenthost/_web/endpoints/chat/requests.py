"""Requests to ``/v1/chat/completions``, read into values."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.text.conversations import new_conversation
from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost._web.request.requests import read_body
from agenthost.conversation.models import Message
from agenthost.tools.swaig import decode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request

__all__ = ["CONVERSATION", "Asked", "read"]

CONVERSATION = b"agenthost-conversation"
"""The header with the ID of a conversation, in requests and answers."""

_ROLES = {"user": "user", "assistant": "assistant"}


@frozen
class Asked:
    """A request for an answer."""

    agent: str
    conversation: str
    text: str
    context: Mapping[str, Any]
    history: tuple[Message, ...] | None
    """The earlier messages, where the client keeps them; None where the host does."""
    stream: bool
    usage: bool
    tools: bool
    principal: str = ""


async def read(request: Request, opens: Callable[[Mounted], bool]) -> Asked:
    """Read a request.

    Raises:
        ChatRefused: the request cannot be answered.
    """
    most = request.rules.most
    request.head.check_body(most)
    body = decode_object(await read_body(request.receive, most))  # unsigned: no platform sends it
    name = body.get("model")
    agent = request.published.plan.find(name) if isinstance(name, str) else None
    if agent is None or not opens(agent):
        known = filter(opens, request.published.plan.agents)
        names = ", ".join(sorted(each.key for each in known)) or "none"
        raise ChatRefused(404, f"there is no such agent; model is one of: {names}.", "model_not_found", "model")
    if body.get("n") not in (None, 1):
        raise ChatRefused(400, "an agent gives one answer: leave n out.", None, "n")
    if body.get("tools"):
        raise ChatRefused(400, "an agent has tools of its own: leave tools out.", None, "tools")
    metadata = _object(body, "metadata")
    conversation = _named_conversation(request, metadata)
    said, instructions = _messages(body.get("messages"))
    if not said or said[-1].role != "user":
        raise ChatRefused(400, "the last of messages must be the user's.", None, "messages")
    shown = metadata.get("tools")
    context = {"instructions_of_the_client": "\n".join(instructions)} if instructions else {}
    return Asked(
        agent=agent.key,
        conversation=conversation or new_conversation(),
        text=said[-1].content,
        context={**context, **_context(metadata)},
        history=None if conversation else tuple(said[:-1]),
        stream=body.get("stream") is True,
        usage=_object(body, "stream_options").get("include_usage") is True,
        tools=request.site.runtime.config.conversation.show_tools if shown is None else shown == "shown",
        principal=request.published.reach.principal(agent),
    )


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise ChatRefused(400, f"{name} must be an object.", None, name)
    return value or {}


def _named_conversation(request: Request, metadata: Mapping[str, Any]) -> str | None:
    """Return the conversation in a header or ``metadata.conversation``."""
    header = next((value.decode("latin-1") for name, value in request.scope["headers"] if name == CONVERSATION), None)
    named = header or metadata.get("conversation")
    if named is not None and not isinstance(named, str):
        raise ChatRefused(400, "metadata.conversation must be a string.", None, "metadata")
    return named or None


def _context(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``metadata.context``: an object, or an object as text, for OpenAI's clients."""
    context = metadata.get("context")
    if isinstance(context, str):
        with suppress(ValueError):
            context = json.loads(context)
    if context is not None and not isinstance(context, dict):
        raise ChatRefused(400, "metadata.context must be a JSON object.", None, "metadata")
    return context or {}


def _messages(messages: Any) -> tuple[list[Message], list[str]]:
    """Split messages into the conversation and the client's instructions.

    To the agent, the instructions are data.

    Raises:
        ChatRefused: the messages are malformed.
    """
    if not isinstance(messages, list) or not messages:
        raise ChatRefused(400, "messages must be a list with at least one message.", None, "messages")
    said: list[Message] = []
    instructions: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        text = _text(message.get("content")) if isinstance(message, dict) else None
        if text is None or not isinstance(role, str):
            raise ChatRefused(400, f"messages[{number}] must have a role and text.", None, "messages")
        if role in ("system", "developer"):
            instructions.append(text)
        elif role in _ROLES and text:
            said.append(Message("user" if role == "user" else "assistant", text))
    return said, instructions


def _text(content: Any) -> str | None:
    """Return the text of a message, which may have several parts."""
    if content is None:
        return ""
    if isinstance(content, list):
        parts = [
            part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in content
        ]
        return "".join(str(part) for part in parts) if None not in parts else None
    return content if isinstance(content, str) else None
