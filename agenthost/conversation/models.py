"""Chat models: requests and answers.

The values follow the chat completions API that most servers have, without its wire format. A ``ChatModel`` translates.
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
    """A tool call of a model.

    Args:
        id: the ID that the result refers to.
        name: the tool's name, as the model wrote it. The tool may not exist.
        arguments: the arguments, as the model wrote them. They should be JSON.
    """

    id: str
    name: str
    arguments: str


@frozen
class Message:
    """One message of a conversation with a model.

    Args:
        role: the speaker.
        content: the text.
        tool_uses: the tool calls of an assistant.
        tool_use_id: the tool call that a result belongs to.
    """

    role: Role
    content: str = ""
    tool_uses: tuple[ToolUse, ...] = ()
    tool_use_id: str | None = None


@frozen
class ToolSpec:
    """The description of a tool for a model.

    Args:
        name: its name.
        description: its purpose.
        parameters: JSON Schema of an object.
        strict: whether the model's server shall enforce the schema.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    strict: bool = False


@frozen
class Usage:
    """The tokens of an answer, 0 if the model does not report them.

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
        """The sum of both."""
        return self.input_tokens + self.output_tokens


@frozen
class ModelRequest:
    """A request to a model.

    Args:
        messages: the conversation so far, the instructions first.
        tools: the tools that the model may call.
        temperature: the temperature. None uses the model's own.
        max_tokens: the longest answer. None uses the model's own limit.
        answer_schema: JSON Schema for the answer's text. A model may ignore it.
        stop: texts that end the answer.
        seed: the seed for the model's choices. A model may ignore it.
        tool_choice: ``auto``, ``required``, or the name of the tool that must be called.
        parallel: whether several tools may be called at once. A model may ignore it.
        counts_reasoning: whether ``max_tokens`` includes the tokens of reasoning, as ``max_completion_tokens`` does.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    answer_schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    tool_choice: str = "auto"
    parallel: bool = True
    counts_reasoning: bool = False


@frozen
class Words:
    """A piece of a streamed answer.

    Args:
        text: the next words.
    """

    text: str


@frozen
class Completion:
    """A whole answer, the last item of a stream.

    Args:
        text: the whole text.
        tool_uses: the tool calls.
        usage: the tokens.
        finish: the reason for its end: ``stop``, ``tool_calls``, ``length`` or the model's own word.
        model: the model's own name.
        refused: whether the text is a refusal.
    """

    text: str
    tool_uses: tuple[ToolUse, ...] = ()
    usage: Usage = field(factory=Usage)
    finish: str = "stop"
    model: str = ""
    refused: bool = False


class ChatModel(Protocol):
    """A language model that answers conversations.

    One value serves all agents and turns, and stores nothing of them.
    """

    @property
    def name(self) -> str:
        """The model's name in configuration and lists."""

    def answer(self, request: ModelRequest) -> AsyncIterator[Words | Completion]:
        """Stream an answer: words, and one completion at the end.

        Closing the iterator, or cancelling its reader, ends the request to the model.

        Raises:
            ModelError: the model gives no usable answer.
        """


@frozen
class ModelProvider:
    """A factory of chat models of one kind.

    If a model has an ``async def close(self)``, the host awaits it at its end.

    Args:
        kind: the value of ``kind`` in ``[models.<name>]``, which defaults to the name of the table.
        make: makes a model from its name and its settings. Called at start-up, only for models in use.
        settings: attrs class for the table. With None, the table must be empty, and ``make`` gets None.
    """

    kind: str
    make: Callable[[str, Any], ChatModel]
    settings: type | None = None
