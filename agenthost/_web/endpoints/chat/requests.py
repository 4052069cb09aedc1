"""Requests to ``/v1/chat/completions``, read into values."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from agenthost._host.text.conversations import new_conversation
from agenthost._web.endpoints.chat.access import principal_of
from agenthost._web.endpoints.chat.conversation_ids import named_conversation
from agenthost._web.endpoints.chat.identity import identity_of
from agenthost._web.endpoints.chat.refusals import ChatRefused
from agenthost._web.request.requests import read_body
from agenthost.conversation.options import AnswerOptions
from agenthost.tools.swaig import decode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.identity.turn_identity import Identity
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.text.paused_turns import Paused
    from agenthost._web.endpoints.chat.messages import Spoken
    from agenthost._web.request.site import Request
    from agenthost.conversation.models import Message

__all__ = ["Asked", "asked_for", "continued", "give_way", "read"]

_MANY = 100
"""Messages from which on reading them is a long step."""


@frozen
class Asked:
    """A request for an answer."""

    agent: str
    conversation: str
    text: str
    """The person's message, empty if the agent begins, or if the client sends only results of its tools."""
    context: Mapping[str, Any]
    history: tuple[Message, ...] | None
    """The earlier messages, where the client keeps them; None where the host does."""
    stream: bool
    usage: bool
    tools: bool
    identity: Identity
    principal: str = ""
    named: bool = False
    """True if the client names the conversation, and leaves its history to the host."""
    found: bool = True
    """True if the conversation is known, False if the client only sends its history."""
    options: AnswerOptions = field(factory=AnswerOptions)
    ignored: tuple[str, ...] = ()
    """The options of the request that have no effect."""
    sent: tuple[Message, ...] = ()
    """The tool calls after the person's message, with the client's results."""
    paused: Paused | None = None
    """The turn that the results continue."""


async def read(
    request: Request, opens: Callable[[Mounted], bool], agent: Mounted | None = None
) -> tuple[Mounted, dict[str, Any]]:
    """Read the body of a request, and find the agent that ``model`` names.

    Raises:
        ChatRefused: there is no such agent.
    """
    most = request.rules.most
    request.head.check_body(most)
    body = decode_object(await read_body(request.receive, most))  # unsigned: no platform sends it
    name = body.get("model")
    if agent is None and isinstance(name, str):
        agent = request.published.plan.find(name)
    if agent is None or not opens(agent):
        known = filter(opens, request.published.plan.agents)
        names = ", ".join(sorted(each.key for each in known)) or "none"
        raise ChatRefused(404, f"there is no such agent; model is one of: {names}.", "model_not_found", "model")
    await give_way(body.get("messages") or body.get("input"))
    return agent, body


async def give_way(messages: object) -> None:
    """Let other requests go on between two long steps."""
    if isinstance(messages, (list, tuple)) and len(messages) > _MANY:
        await asyncio.sleep(0)


def asked_for(
    request: Request,
    agent: Mounted,
    body: Mapping[str, Any],
    spoken: Spoken,
    options: AnswerOptions,
    repeated: Mapping[str, Any] | None = None,
) -> Asked:
    """Return the request for an answer.

    ``repeated`` is what a repeat of the request has in common with it, in the form of chat completions; by default the
    body.

    Raises:
        ChatRefused: the request is malformed.
    """
    metadata = _object(body, "metadata")
    named = named_conversation(request, body, metadata)
    conversation = named.id if named is not None else None
    kept_here = named is not None and named.kept_here
    shown, principal = metadata.get("tools"), principal_of(request, agent)
    instructions = "\n".join(spoken.instructions)
    context = {"instructions_of_the_client": instructions} if instructions else {}
    return Asked(
        agent=agent.key,
        conversation=conversation or new_conversation(),
        text=spoken.text,
        context={**context, **_context(metadata)},
        history=None if kept_here else tuple(spoken.history),
        stream=body.get("stream") is True,
        usage=_object(body, "stream_options").get("include_usage") is True,
        tools=request.site.runtime.config.conversation.show_tools if shown is None else shown == "shown",
        identity=identity_of(request, body if repeated is None else repeated, agent.key, principal, conversation),
        principal=principal,
        named=kept_here,
        found=named is not None,
        options=options,
        sent=tuple(spoken.sent),
    )


async def continued(request: Request, asked: Asked) -> Asked:
    """Return a request with the turn that its results of tools continue.

    Raises:
        ChatRefused: the conversation has no such turn.
        StateUnavailable: the store does not answer.
    """
    if not asked.sent:
        return asked
    turns = request.site.turns.conversations.paused_turns(request.published.plan, asked.principal)
    paused = await turns.find(asked.agent, asked.sent)
    if paused is not None and asked.named and paused.conversation != asked.conversation:
        paused = None
    if paused is None and asked.named:
        msg = "the tool calls are not open in this conversation: they are of another one, or more than a day old."
        raise ChatRefused(400, msg, "conversation_refused", "messages")
    if paused is None:
        return asked
    return evolve(asked, conversation=paused.conversation, text=asked.text or paused.text, paused=paused)


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise ChatRefused(400, f"{name} must be an object.", None, name)
    return value or {}


def _context(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``metadata.context``: an object, or an object as text, for OpenAI's clients."""
    context = metadata.get("context")
    if isinstance(context, str):
        with suppress(ValueError):
            context = json.loads(context)
    if context is not None and not isinstance(context, dict):
        raise ChatRefused(400, "metadata.context must be a JSON object.", None, "metadata")
    return context or {}
