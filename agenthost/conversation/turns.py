"""What travels between agents that work together: turns, replies, outcomes, decisions. All of it frozen.

Nothing about a turn is ever kept on an agent: what one needs comes in with the turn, and what it learnt goes out with
the reply.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import asdict, field, frozen

from agenthost.conversation.models import Message, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Decision",
    "Escalated",
    "Event",
    "Listener",
    "Note",
    "Outcome",
    "Reply",
    "Routed",
    "Said",
    "Status",
    "ToolEnded",
    "ToolStarted",
    "Turn",
    "event_as_json",
]

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@frozen
class Note:
    """Something that one agent hands on to the next with a turn: a first answer, or why it does not go on.

    Args:
        agent: who says it.
        kind: ``answer``, ``reason`` or ``result``.
        text: the words.
    """

    agent: str
    kind: str
    text: str


@frozen
class Turn:
    """One message of a conversation, on its way to an agent.

    Args:
        conversation: which conversation; one id is one transcript.
        text: what the person said.
        history: what was said before, oldest first, without instructions.
        context: what is known beside the words, such as a customer's profile; JSON.
        notes: what agents hand on to this one.
    """

    conversation: str
    text: str
    history: tuple[Message, ...] = ()
    context: Mapping[str, Any] = field(factory=dict)
    notes: tuple[Note, ...] = ()


@frozen
class Reply:
    """What an agent answers.

    Args:
        agent: who answered, by key.
        text: the words.
        usage: what all models together cost on the way.
        escalate: why somebody else should take over; None when nobody has to.
        confidence: how sure the agent is, 0 to 1; None when it does not say.
        handed_to: the agent that goes on with the conversation, where a tool handed it over.
        path: the agents that took part, in order.
        outcomes: what became of each branch, where there were several.
    """

    agent: str
    text: str
    usage: Usage = field(factory=Usage)
    escalate: str | None = None
    confidence: float | None = None
    handed_to: str | None = None
    path: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


class Status(Enum):
    """What became of a call of an agent."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@frozen
class Outcome:
    """What became of a call of one agent by another: never an exception that loses its siblings.

    Args:
        agent: who was called, by key.
        status: how it ended.
        reply: the answer; None unless it is ``OK``.
        reason: why there is none, in words that a person may read.
        error_id: by which the log names the failure.
        seconds: how long it took.
    """

    agent: str
    status: Status
    reply: Reply | None = None
    reason: str | None = None
    error_id: str | None = None
    seconds: float = 0.0


@frozen
class Decision:
    """Where a classifier sends a turn.

    Args:
        agent: whose it is, by key; None when it is nobody's, or cannot be told.
        confidence: how sure that is, 0 to 1.
        margin: how far the second choice is behind, 0 to 1.
        by: the classifier that decided.
        reason: why, in a few words.
        ranking: every choice with its score, the best first.
    """

    agent: str | None
    confidence: float
    margin: float = 0.0
    by: str = ""
    reason: str = ""
    ranking: tuple[tuple[str, float], ...] = ()


@frozen
class Said:
    """Words of an answer, as they come.

    Args:
        agent: who speaks.
        text: the next words.
    """

    agent: str
    text: str


@frozen
class Routed:
    """A turn goes to an agent.

    Args:
        workflow: who sends it.
        agent: to whom.
        reason: why, in a few words.
        confidence: how sure that is, 0 to 1; None where nobody measured it.
    """

    workflow: str
    agent: str
    reason: str = ""
    confidence: float | None = None


@frozen
class Escalated:
    """Somebody else takes over.

    Args:
        workflow: who decides it.
        agent: from whom.
        to: to whom.
        reason: why, in a few words.
    """

    workflow: str
    agent: str
    to: str
    reason: str = ""


@frozen
class ToolStarted:
    """A tool begins.

    Args:
        agent: whose tool.
        tool: its name.
        arguments: what it is called with.
    """

    agent: str
    tool: str
    arguments: Mapping[str, Any]


@frozen
class ToolEnded:
    """A tool has answered.

    Args:
        agent: whose tool.
        tool: its name.
        result: what the model is told.
        failed: whether it failed, was refused or was unknown.
    """

    agent: str
    tool: str
    result: str
    failed: bool = False


Event: TypeAlias = "Said | Routed | Escalated | ToolStarted | ToolEnded"
"""What happens while a turn is answered."""
Listener: TypeAlias = "Callable[[Event], None]"
"""Who is told of it, on the event loop and at once."""


def event_as_json(event: Event) -> dict[str, Any]:
    """An event for programs: its name in lower case, and what it says.

    Args:
        event: what happened.
    """
    name = _WORDS.sub("_", type(event).__name__).lower()
    return {"event": name, **asdict(event, recurse=False)}
