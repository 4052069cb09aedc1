"""Language models: what a conversation on the host asks of one, and what it answers.

The values follow the chat completions that most servers speak, without their wire form: a ``ChatModel`` translates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

__all__ = [
    "ChatModel",
    "Completion",
    "Message",
    "ModelProvider",
    "ModelRequest",
    "ToolSpec",
    "ToolUse",
    "Usage",
    "Words",
]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]


@frozen
class ToolUse:
    """A tool that a model wants to be called.

    Args:
        id: by which its result is matched.
        name: the tool's name, as the model wrote it: it may not exist.
        arguments: what the model wrote: JSON, if it keeps to what it was asked.
    """

    id: str
    name: str
    arguments: str


@frozen
class Message:
    """One message of a conversation with a model.

    Args:
        role: who speaks.
        content: the words.
        tool_uses: the tools that an assistant asks for.
        tool_use_id: what a tool's result answers.
    """

    role: Role
    content: str = ""
    tool_uses: tuple[ToolUse, ...] = ()
    tool_use_id: str | None = None


@frozen
class ToolSpec:
    """A tool as a model is told of it.

    Args:
        name: its name.
        description: what it is for.
        parameters: JSON Schema of an object.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]


@frozen
class Usage:
    """What an answer cost; 0 where the model does not tell.

    Args:
        input_tokens: tokens of the request.
        output_tokens: tokens of the answer.
    """

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.input_tokens + self.output_tokens


@frozen
class ModelRequest:
    """What a model is asked.

    Args:
        messages: the conversation so far, the instructions first.
        tools: what it may call.
        temperature: as the model understands it; None for its own.
        max_tokens: the longest answer; None for its own.
        answer_schema: JSON Schema that the answer's text should follow; a model may ignore it.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    answer_schema: Mapping[str, Any] | None = None


@frozen
class Words:
    """A piece of an answer, as it comes.

    Args:
        text: the next words.
    """

    text: str


@frozen
class Completion:
    """A whole answer; the last thing that a model gives.

    Args:
        text: all its words.
        tool_uses: tools that it wants to be called before it goes on.
        usage: what it cost.
        finish: why it ended: ``stop``, ``tool_calls``, ``length`` or the model's own word.
        model: which model answered, as it calls itself.
    """

    text: str
    tool_uses: tuple[ToolUse, ...] = ()
    usage: Usage = field(factory=Usage)
    finish: str = "stop"
    model: str = ""


class ChatModel(Protocol):
    """A language model that answers conversations; one value serves all agents and turns, and keeps nothing of them."""

    @property
    def name(self) -> str:
        """What configuration and lists call it."""

    def answer(self, request: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Answer, piece by piece: words as they come, and one completion at the end.

        Closing the iterator, or cancelling who reads it, ends the request to the model.

        Raises:
            ModelError: it gives no usable answer.
        """


@frozen
class ModelProvider:
    """Who makes chat models of one kind, from what ``agenthost.toml`` says of them.

    A model may have an ``async def close(self)``: it is awaited when the host ends.

    Args:
        kind: what ``kind`` in ``[models.<name>]`` names; left out there, the table's own name counts.
        make: makes a model of its name and its settings; called at start-up, and only for models that are used.
        settings: attrs class that the table is read into; None takes an empty table, and ``make`` gets None.
    """

    kind: str
    make: Callable[[str, Any], ChatModel]
    settings: type | None = None
