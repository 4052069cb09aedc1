"""A step: one stage of a context, with its own words, tools and successors."""

# ruff: noqa: FBT001 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import attrs

from agenthost.contexts.gather import GatherInfo, GatherQuestion
from agenthost.contexts.passage import Passage, history_mode, string_list
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Step"]


def _step_name(_step: Step, _field: attrs.Attribute[str], name: str) -> None:
    if not name:
        raise DefinitionError("a step needs a name")
    if name == "next":
        raise DefinitionError("a step cannot be called 'next', which means the following step")


@attrs.define
class Step:
    """One stage of a context.

    Args:
        name: Its name within the context.

    Raises:
        DefinitionError: The name is empty, or ``next``, which means the following step.
    """

    name: str = attrs.field(validator=_step_name)
    passage: Passage = attrs.field(init=False)
    step_criteria: str | None = attrs.field(default=None, init=False)
    functions: Literal["none"] | list[str] | None = attrs.field(default=None, init=False)
    valid_steps: list[str] | None = attrs.field(default=None, init=False)
    valid_contexts: list[str] | None = attrs.field(default=None, init=False)
    end: bool = attrs.field(default=False, init=False)
    skip_user_turn: bool = attrs.field(default=False, init=False)
    skip_to_next_step: bool = attrs.field(default=False, init=False)
    history: str | None = attrs.field(default=None, init=False)
    reset: dict[str, Any] = attrs.field(factory=dict, init=False)
    gather_info: GatherInfo | None = attrs.field(default=None, init=False)

    @passage.default
    def _own_passage(self) -> Passage:
        return Passage(f"step {self.name!r}")

    def set_text(self, text: str) -> Self:
        """Set the text of this step.

        Args:
            text: The text.

        Raises:
            DefinitionError: The step has sections.
        """
        self.passage.set_text(text)
        return self

    def add_section(self, title: str, body: str) -> Self:
        """Append a section with a body.

        Args:
            title: Its heading.
            body: Its text.

        Raises:
            DefinitionError: The step has a text.
        """
        self.passage.add_section(title, body)
        return self

    def add_bullets(self, title: str, bullets: Sequence[str]) -> Self:
        """Append a section with a list.

        Args:
            title: Its heading.
            bullets: Its list.

        Raises:
            DefinitionError: The step has a text.
        """
        self.passage.add_bullets(title, bullets)
        return self

    def clear_sections(self) -> Self:
        """Remove the step's words, text or sections."""
        self.passage.clear()
        return self

    def set_step_criteria(self, criteria: str) -> Self:
        """Set the condition that completes the step.

        Args:
            criteria: The condition, in words.
        """
        self.step_criteria = criteria
        return self

    def set_functions(self, functions: str | Sequence[str]) -> Self:
        """Choose the tools that the model may call in this step.

        Without this, the tools of the previous step remain.

        Args:
            functions: Names of the tools, or ``"none"``.

        Raises:
            DefinitionError: The argument is another string.
            TypeError: The argument is neither a list of strings nor ``"none"``.
        """
        if isinstance(functions, str):
            if functions != "none":
                raise DefinitionError(
                    f'step {self.name!r}: functions must be a list of tools, or "none". fix: write [{functions!r}]'
                )
            self.functions = "none"
        else:
            self.functions = string_list(f"step {self.name!r}: functions", functions)
        return self

    def set_valid_steps(self, steps: Sequence[str]) -> Self:
        """Choose the steps that may follow.

        Args:
            steps: Names of steps of this context, and ``next``.
        """
        self.valid_steps = string_list(f"step {self.name!r}: valid steps", steps)
        return self

    def set_valid_contexts(self, contexts: Sequence[str]) -> Self:
        """Choose the contexts that may follow.

        Args:
            contexts: Names of contexts.
        """
        self.valid_contexts = string_list(f"step {self.name!r}: valid contexts", contexts)
        return self

    def set_end(self, end: bool) -> Self:
        """Choose whether the context ends after this step."""
        self.end = end
        return self

    def set_skip_user_turn(self, skip: bool) -> Self:
        """Choose whether the model continues without waiting for the caller."""
        self.skip_user_turn = skip
        return self

    def set_skip_to_next_step(self, skip: bool) -> Self:
        """Choose whether the following step begins at once."""
        self.skip_to_next_step = skip
        return self

    def set_history(self, history: str) -> Self:
        """Choose how the history keeps this step's conversation.

        Args:
            history: ``keep``, ``default`` or ``hide``.

        Raises:
            DefinitionError: The mode is unknown.
        """
        self.history = history_mode(f"step {self.name!r}", history)
        return self

    def set_gather_info(
        self,
        output_key: str | None = None,
        completion_action: str | None = None,
        prompt: str | None = None,
        isolated: bool = False,  # noqa: FBT002 - positional in the field
    ) -> Self:
        """Let the step gather answers to questions.

        ``add_gather_question`` adds the questions.

        Args:
            output_key: Key of the answers in the call's data. Without one, they are at its top.
            completion_action: The next step: ``next_step``, a step of this context, or ``None`` to stay.
            prompt: A further prompt while gathering.
            isolated: Whether the model sees each question alone.
        """
        self.gather_info = GatherInfo(output_key, completion_action, prompt, isolated)
        return self

    def add_gather_question(
        self,
        key: str,
        question: str,
        type: str = "string",  # noqa: A002 - its name in the field
        confirm: bool = False,  # noqa: FBT002 - positional in the field
        prompt: str | None = None,
        functions: Sequence[str] | None = None,
        isolated: bool | None = None,
    ) -> Self:
        """Append a question.

        Args:
            key: The name of the answer.
            question: The question.
            type: Type of the answer in JSON Schema.
            confirm: Whether the caller confirms the answer.
            prompt: A further prompt for this question.
            functions: Tools that the model may call meanwhile.
            isolated: Whether the model sees this question alone. ``None`` follows the gathering.

        Raises:
            DefinitionError: The step does not gather, or another question has this key.
        """
        if self.gather_info is None:
            raise DefinitionError(
                f"step {self.name!r} does not gather. fix: call set_gather_info() before the questions"
            )
        tools = None if functions is None else string_list(f"question {key!r}: functions", functions)
        self.gather_info.add_question(GatherQuestion(key, question, type, confirm, prompt, tools, isolated))
        return self

    def set_reset_system_prompt(self, system_prompt: str) -> Self:
        """Restart the conversation in this step, with this prompt.

        Args:
            system_prompt: The new system prompt.
        """
        self.reset["system_prompt"] = system_prompt
        return self

    def set_reset_user_prompt(self, user_prompt: str) -> Self:
        """Restart the conversation in this step, with these words of the caller.

        Args:
            user_prompt: The caller's supposed words.
        """
        self.reset["user_prompt"] = user_prompt
        return self

    def set_reset_consolidate(self, consolidate: bool) -> Self:
        """Choose whether the conversation before this step is summarised."""
        self.reset["consolidate"] = consolidate
        return self

    def set_reset_full_reset(self, full_reset: bool) -> Self:
        """Choose whether the conversation before this step is forgotten."""
        self.reset["full_reset"] = full_reset
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON values."""
        data: dict[str, Any] = {"name": self.name, "text": self.passage.render()}
        if self.step_criteria:
            data["step_criteria"] = self.step_criteria
        for key in ("functions", "valid_steps", "valid_contexts"):
            if getattr(self, key) is not None:
                data[key] = getattr(self, key)
        for key in ("end", "skip_user_turn", "skip_to_next_step"):
            if getattr(self, key):
                data[key] = True
        if self.history is not None:
            data["history"] = self.history
        reset = {key: value for key, value in self.reset.items() if value is not False}
        if reset:
            data["reset"] = reset
        if self.gather_info is not None:
            data["gather_info"] = self.gather_info.to_dict()
        return data
