"""Options of an answer, as a client requests them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.conversation.models import ToolSpec

__all__ = ["AnswerOptions"]


@frozen
class AnswerOptions:
    """Requirements of a client for one answer.

    Args:
        tools: tools of the client. The agent's model may call them beside its own, and the client runs them.
        tool_choice: ``auto``, ``none``, ``required``, or the name of the tool that must be called.
        parallel: whether the model may call several tools at once.
        temperature: the temperature. None uses the model's own.
        max_tokens: the most tokens of each answer of a model. None uses the model's own limit.
        stop: texts that end an answer of a model.
        seed: the seed for the model's choices.
        answer_schema: JSON Schema of the answer, which is JSON then. None for text.
        counts_reasoning: whether ``max_tokens`` includes the tokens of reasoning, as ``max_completion_tokens`` does.
    """

    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    parallel: bool = True
    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    answer_schema: Mapping[str, Any] | None = None
    counts_reasoning: bool = False

    def for_a_part(self) -> AnswerOptions:
        """Return the options for an answer that becomes only a part of the client's.

        Its form is free, and its length is the model's own.
        """
        return evolve(self, answer_schema=None, max_tokens=None, stop=())
