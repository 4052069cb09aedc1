"""Gathering: questions of a step, asked one by one outside the usual prompt."""

from __future__ import annotations

from typing import Any, Self

import attrs

from agenthost.errors import DefinitionError

__all__ = ["GatherInfo", "GatherQuestion"]


@attrs.frozen
class GatherQuestion:
    """One question of a step.

    Args:
        key: The name of the answer.
        question: The question.
        type: Type of the answer in JSON Schema.
        confirm: Whether the caller confirms the answer.
        prompt: A further prompt for this question.
        functions: Tools that the model may call meanwhile.
        isolated: Whether the model sees this question alone. ``None`` follows the gathering.

    Raises:
        DefinitionError: The key is missing.
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
        output_key: Key of the answers in the call's data. Without one, they are at its top.
        completion_action: The next step: ``next_step``, a step of this context, or ``None`` to stay.
        prompt: A further prompt while gathering.
        isolated: Whether the model sees each question alone.
    """

    output_key: str | None = None
    completion_action: str | None = None
    prompt: str | None = None
    isolated: bool = False
    questions: list[GatherQuestion] = attrs.field(factory=list, init=False)

    def add_question(self, key: str | GatherQuestion, question: str = "", **options: Any) -> Self:
        """Append a question.

        Args:
            key: The name of the answer, or a whole question.
            question: The question.
            options: The other arguments of ``GatherQuestion``, such as ``type`` and ``confirm``.

        Raises:
            DefinitionError: Another question has the same key, or an option is unknown.
        """
        if not isinstance(key, GatherQuestion):
            known = [field.name for field in attrs.fields(GatherQuestion)][2:]
            if unknown := [name for name in options if name not in known]:
                raise DefinitionError(f"question {key!r} has no option {unknown[0]!r}. It has {', '.join(known)}")
            key = GatherQuestion(key, question, **options)
        if any(key.key == other.key for other in self.questions):
            raise DefinitionError(f"two questions have the key {key.key!r}. fix: give each its own")
        self.questions.append(key)
        return self

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
