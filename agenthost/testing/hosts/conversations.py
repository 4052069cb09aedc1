"""Conversations in text with a host for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.hosts.own_loop import OwnLoop
    from agenthost.testing.hosts.requests import Response

__all__ = ["AsyncConversation", "Conversation", "TextReply"]

Post: TypeAlias = Callable[[Any], Awaitable["Response"]]
"""Sends the body of a turn to the host."""


@frozen
class TextReply:
    """The answer of an agent in text.

    Args:
        text: its words.
        agent: key of the agent that answered.
        tools: names of the tools that were called.
        path: the agents that took part, in order.
        handed_to: the agent that the conversation was handed over to, or None.
        escalate: the reason for a person or another agent to take over, or None.
        actions: what tools do to the call of the person, such as ``{"action": "hangup"}``.
        data: the whole response.
    """

    text: str
    agent: str
    tools: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    handed_to: str | None = None
    escalate: str | None = None
    actions: tuple[Mapping[str, Any], ...] = ()
    data: Mapping[str, Any] = field(factory=dict, repr=False)


class _Talk:
    """A conversation, turn by turn."""

    def __init__(self, agent: str, name: str, context: Mapping[str, Any], post: Post, loop: OwnLoop) -> None:
        self._agent = agent
        self._metadata = {"conversation": name, "tools": "shown", **({"context": dict(context)} if context else {})}
        self._post = post
        self._loop = loop
        self.replies: list[TextReply] = []
        """The answers so far."""

    async def _turn(self, text: str) -> TextReply:
        body = {"model": self._agent, "messages": [{"role": "user", "content": text}], "metadata": self._metadata}
        response = await self._post(body)
        if response.status != 200:
            msg = f"{self._agent} does not answer {text!r}: {response.status} {response.text}"
            raise AssertionError(msg)
        data = response.json()
        details, events = data["agenthost"], data["agenthost"].get("events", ())
        reply = TextReply(
            data["choices"][0]["message"]["content"] or "",
            details["agent"],
            tuple(str(event["tool"]) for event in events if event["event"] == "tool_started"),
            tuple(details["path"]),
            details["handed_to"],
            details["escalate"],
            tuple(details["actions"]),
            data,
        )
        self.replies.append(reply)
        return reply


class Conversation(_Talk):
    """A conversation with an agent or a workflow in text, as ``/v1`` serves it."""

    def say(self, text: str) -> TextReply:
        """Send a message, and return the answer.

        Args:
            text: the message.

        Raises:
            AssertionError: the host refuses the turn, or has no answer.
        """
        __tracebackhide__ = True
        return self._loop.run(self._turn(text))


class AsyncConversation(_Talk):
    """A ``Conversation`` for asynchronous tests."""

    async def say(self, text: str) -> TextReply:
        """Send a message, and return the answer, see ``Conversation.say``."""
        __tracebackhide__ = True
        return await self._loop.wait(self._turn(text))
