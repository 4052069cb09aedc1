"""A request for a turn, as a client sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from agenthost._host.peers.crossing import Crossing, present_crossing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._host.text.paused_turns import Paused
    from agenthost.conversation.models import Message
    from agenthost.conversation.options import AnswerOptions

__all__ = ["Asking"]


@frozen(kw_only=True)
class Asking:
    """A request for a turn, see ``Conversations.say``."""

    agent: str
    conversation: str
    text: str
    context: Mapping[str, Any] = field(factory=dict)
    history: Sequence[Message] | None = None
    resent: Sequence[Message] | None = None
    """The earlier messages that the client sends again; None where it leaves them to the host."""
    found: bool = True
    """True if the conversation is known, False if only the resent messages show it."""
    principal: str = ""
    options: AnswerOptions | None = None
    sent: Sequence[Message] = ()
    paused: Paused | None = None
    crossing: Crossing = field(factory=present_crossing)
