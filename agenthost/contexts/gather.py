"""Gathering: questions that a step asks one by one, apart from the conversation's own prompt."""

from __future__ import annotations

from typing import Any

import attrs

from agenthost.errors import DefinitionError

__all__ = ["GatherInfo", "GatherQuestion"]


@attrs.frozen
class GatherQuestion:
    """One question of a step.

    Args:
        key: What the answer is called.
        question: What is asked.
        type: Type of the answer in JSON Schema.
        confirm: Whether the caller confirms the answer.
        prompt: What else the model is told for this question.
        functions: Tools that it may call meanwhile.
        isolated: Whether the model sees this question alone; ``None`` as the gathering says.

    Raises:
        DefinitionError: There is no key.
    """

    key: str
    question: str
    type: str = "string"
    confirm: bool = False
    prompt: str | None = None
    functions: list[str] | None = None
    isolated: bool | None = None

    def __attrs_post_init__(self) -> None:
        if not self.key:
            raise DefinitionError(f"the question {self.question!r} needs a key, the name of its answer")

    def to_dict(self) -> dict[str, Any]:
        """Return the question as JSON values."""
        data: dict[str, Any] = {"key": self.key, "question": self.question}
        if self.type != "string":
            data["type"] = self.type
        if self.confirm:
            data["confirm"] = True
        if self.prompt:
            data["prompt"] = self.prompt
        if self.functions:
            data["functions"] = list(self.functions)
        if self.isolated is not None:
            data["isolated"] = self.isolated
        return data


@attrs.define
class GatherInfo:
    """The questions of a step.

    Args:
        output_key: Where the answers are kept in the call's data; at its top without.
        completion_action: Where to go afterwards: ``next_step``, a step of this context, or ``None`` to stay.
        prompt: What the model is told while it asks.
        isolated: Whether the model sees each question alone.
    """

    output_key: str | None = None
    completion_action: str | None = None
    prompt: str | None = None
    isolated: bool = False
    questions: list[GatherQuestion] = attrs.field(factory=list, init=False)

    def add_question(self, question: GatherQuestion) -> None:
        """Append a question.

        Args:
            question: The question.

        Raises:
            DefinitionError: Another question has its key.
        """
        if any(question.key == other.key for other in self.questions):
            raise DefinitionError(f"two questions have the key {question.key!r}. Give each its own")
        self.questions.append(question)

    def to_dict(self) -> dict[str, Any]:
        """Return the questions as JSON values."""
        data: dict[str, Any] = {"questions": [question.to_dict() for question in self.questions]}
        if self.prompt:
            data["prompt"] = self.prompt
        if self.output_key:
            data["output_key"] = self.output_key
        if self.completion_action:
            data["completion_action"] = self.completion_action
        if self.isolated:
            data["isolated"] = True
        return data
