"""Turns, replies, outcomes and decisions: the frozen values between agents.

Nothing about a turn is ever stored on an agent. Its input comes with the turn, and its results go with the reply.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import asdict, field, frozen

from agenthost.conversation.models import Message, ToolUse, Usage
from agenthost.conversation.options import AnswerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ClientCalls",
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
    """A text that one agent hands to the next.

    Args:
        agent: its author.
        kind: ``answer``, ``reason`` or ``result``.
        text: the text.
    """

    agent: str
    kind: str
    text: str


@frozen
class ClientCalls:
    """Tool calls for a client to run, before the turn can continue.

    Args:
        uses: the calls.
        messages: the tool calls of the turn so far, with the results of those that the agent ran. The calls of the
            client are the last without a result.
        notes: the notes of the turn, for the agent that called.
    """

    uses: tuple[ToolUse, ...]
    messages: tuple[Message, ...]
    notes: tuple[Note, ...] = ()


@frozen
class Turn:
    """One message of a conversation, on its way to an agent.

    Args:
        conversation: the ID of the conversation and its transcript.
        text: the message of the person, empty if the agent has to begin the conversation.
        history: the earlier messages, oldest first, without instructions.
        context: JSON values besides the message, such as a customer's profile.
        notes: notes of earlier agents.
        options: the requirements of the client.
        resumed: the tool calls and results so far of a turn that continues with the client's results.
        principal: a name for those whose conversation it is, empty for the host's. Its state is separate from others'.
    """

    conversation: str
    text: str
    history: tuple[Message, ...] = ()
    context: Mapping[str, Any] = field(factory=dict)
    notes: tuple[Note, ...] = ()
    options: AnswerOptions = field(factory=AnswerOptions)
    resumed: tuple[Message, ...] = ()
    principal: str = ""

    @property
    def thread(self) -> str:
        """The conversation's ID among those of all principals.

        No ID contains a space, so that nobody can name a thread of another principal.
        """
        return f"{self.principal} {self.conversation}" if self.principal else self.conversation


@frozen
class Reply:
    """The answer of an agent.

    Args:
        agent: key of the agent that answered.
        text: the text.
        usage: the tokens of all models together.
        escalate: the reason for another agent or a person to take over, or None.
        confidence: the confidence of the agent, 0 to 1, or None.
        handed_to: the agent that a tool handed the conversation to.
        path: the agents that took part, in order.
        outcomes: the outcomes of the branches, if there were several.
        finish: the reason for its end: ``stop``, ``length`` if it was cut off, ``content_filter``, or ``tool_calls``.
        refused: whether the model refused to answer.
        client_calls: tool calls for the client to run. Then the reply is not the end of the turn.
        actions: what the agent's tools do to the call of the person: ``{"action": "hangup"}``, or ``connect`` with
            ``to``.
        history_cut: whether earlier messages were left out, as the conversation is longer than its bound.
    """

    agent: str
    text: str
    usage: Usage = field(factory=Usage)
    escalate: str | None = None
    confidence: float | None = None
    handed_to: str | None = None
    path: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    finish: str = "stop"
    refused: bool = False
    client_calls: ClientCalls | None = None
    actions: tuple[Mapping[str, Any], ...] = ()
    history_cut: bool = False


class Status(Enum):
    """The status of an agent's call."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@frozen
class Outcome:
    """The outcome of one agent's call of another.

    A failure is an outcome, never an exception that loses its siblings.

    Args:
        agent: key of the called agent.
        status: the status.
        reply: the answer. None unless the status is ``OK``.
        reason: the reason for its absence, for people.
        error_id: the ID of the failure in the log.
        seconds: the duration.
        done: the tools that ran, each as a note of kind ``result``, also if the call failed.
    """

    agent: str
    status: Status
    reply: Reply | None = None
    reason: str | None = None
    error_id: str | None = None
    seconds: float = 0.0
    done: tuple[Note, ...] = ()


@frozen
class Decision:
    """The decision of a classifier.

    Args:
        agent: key of the chosen agent, or None.
        confidence: the confidence, 0 to 1.
        margin: the distance to the second choice, 0 to 1.
        by: the name of the classifier.
        reason: the reason, in a few words.
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
    """A piece of a streamed answer.

    Args:
        agent: the agent that speaks.
        text: the next words.
    """

    agent: str
    text: str


@frozen
class Routed:
    """A turn goes to an agent.

    Args:
        workflow: the workflow that sends it.
        agent: the chosen agent.
        reason: the reason, in a few words.
        confidence: the confidence, 0 to 1. None if it was not measured.
    """

    workflow: str
    agent: str
    reason: str = ""
    confidence: float | None = None


@frozen
class Escalated:
    """Another agent takes over.

    Args:
        workflow: the workflow that decides.
        agent: the agent before.
        to: the agent that takes over.
        reason: the reason, in a few words.
    """

    workflow: str
    agent: str
    to: str
    reason: str = ""


@frozen
class ToolStarted:
    """A tool starts.

    Args:
        agent: the agent of the tool.
        tool: the name of the tool.
        arguments: the arguments.
    """

    agent: str
    tool: str
    arguments: Mapping[str, Any]


@frozen
class ToolEnded:
    """A tool has ended.

    Args:
        agent: the agent of the tool.
        tool: the name of the tool.
        result: the result for the model.
        failed: whether it failed, was refused or was unknown.
    """

    agent: str
    tool: str
    result: str
    failed: bool = False


Event: TypeAlias = "Said | Routed | Escalated | ToolStarted | ToolEnded"
"""An event of a turn."""
Listener: TypeAlias = "Callable[[Event], None]"
"""A function that gets each event, on the event loop and at once."""


def event_as_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON, with its name in snake case.

    Args:
        event: the event.
    """
    name = _WORDS.sub("_", type(event).__name__).lower()
    return {"event": name, **asdict(event, recurse=False)}
