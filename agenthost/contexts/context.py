"""A context: steps that belong together, with a common prompt."""

# ruff: noqa: FBT001 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from agenthost.contexts.passage import Passage, history_mode, string_list
from agenthost.contexts.step import Step
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MAX_STEPS", "Context", "create_simple_context"]

MAX_STEPS = 100
"""The most steps that the platform accepts in one context."""


@attrs.define
class Context:
    """Steps that belong together.

    Args:
        name: Its name. A context that is alone is called ``default``.
    """

    name: str
    steps: list[Step] = attrs.field(factory=list, init=False)
    prompt: Passage = attrs.field(init=False)
    system_prompt: Passage = attrs.field(init=False)
    valid_contexts: list[str] | None = attrs.field(default=None, init=False)
    valid_steps: list[str] | None = attrs.field(default=None, init=False)
    initial_step: str | None = attrs.field(default=None, init=False)
    post_prompt: str | None = attrs.field(default=None, init=False)
    user_prompt: str | None = attrs.field(default=None, init=False)
    consolidate: bool = attrs.field(default=False, init=False)
    full_reset: bool = attrs.field(default=False, init=False)
    isolated: bool = attrs.field(default=False, init=False)
    history: str | None = attrs.field(default=None, init=False)
    enter_fillers: dict[str, list[str]] = attrs.field(factory=dict, init=False)
    exit_fillers: dict[str, list[str]] = attrs.field(factory=dict, init=False)

    @prompt.default
    def _own_prompt(self) -> Passage:
        return Passage(f"the prompt of context {self.name!r}")

    @system_prompt.default
    def _own_system_prompt(self) -> Passage:
        return Passage(f"the system prompt of context {self.name!r}")

    def add_step(
        self,
        name: str,
        *,
        task: str | None = None,
        bullets: Sequence[str] | None = None,
        criteria: str | None = None,
        functions: str | Sequence[str] | None = None,
        valid_steps: Sequence[str] | None = None,
    ) -> Step:
        """Append a step and return it.

        Args:
            name: Its name, unique in this context.
            task: The model's task, as a section "Task".
            bullets: The way to do it, as a section "Process".
            criteria: The condition that completes the step.
            functions: Tools that the model may call, or ``"none"``.
            valid_steps: Steps that may follow.

        Raises:
            DefinitionError: The name is taken or not allowed, or there are 100 steps already.
        """
        if self.get_step(name) is not None:
            raise DefinitionError(f"context {self.name!r} already has a step {name!r}. fix: give each its own name")
        if len(self.steps) >= MAX_STEPS:
            raise DefinitionError(f"context {self.name!r} already has {MAX_STEPS} steps, the maximum")
        step = Step(name)
        if task is not None:
            step.add_section("Task", task)
        if bullets is not None:
            step.add_bullets("Process", bullets)
        if criteria is not None:
            step.set_step_criteria(criteria)
        if functions is not None:
            step.set_functions(functions)
        if valid_steps is not None:
            step.set_valid_steps(valid_steps)
        self.steps.append(step)
        return step

    def get_step(self, name: str) -> Step | None:
        """Return the step of this name, or ``None``."""
        return next((step for step in self.steps if step.name == name), None)

    def remove_step(self, name: str) -> Self:
        """Remove the step of this name, if there is one."""
        self.steps = [step for step in self.steps if step.name != name]
        return self

    def move_step(self, name: str, position: int) -> Self:
        """Move a step.

        Args:
            name: Its name.
            position: Its new place among the others, from 0.

        Raises:
            DefinitionError: There is no such step.
        """
        step = self.get_step(name)
        if step is None:
            raise DefinitionError(f"context {self.name!r} has no step {name!r} to move")
        self.steps.remove(step)
        self.steps.insert(position, step)
        return self

    def set_initial_step(self, step_name: str) -> Self:
        """Choose the first step of the context, in place of the first one added.

        Args:
            step_name: Name of the step, which may be added later.
        """
        self.initial_step = step_name
        return self

    def set_valid_contexts(self, contexts: Sequence[str]) -> Self:
        """Choose the contexts that may follow.

        Args:
            contexts: Names of contexts, which may be added later.
        """
        self.valid_contexts = string_list(f"context {self.name!r}: valid contexts", contexts)
        return self

    def set_valid_steps(self, steps: Sequence[str]) -> Self:
        """Choose the steps that may follow any step of this context.

        Args:
            steps: Names of steps of this context, and ``next``.
        """
        self.valid_steps = string_list(f"context {self.name!r}: valid steps", steps)
        return self

    def set_post_prompt(self, post_prompt: str) -> Self:
        """Set the prompt for the summary of a call that ends in this context.

        Args:
            post_prompt: The text.
        """
        self.post_prompt = post_prompt
        return self

    def set_system_prompt(self, system_prompt: str) -> Self:
        """Restart the conversation in this context, with this prompt.

        Args:
            system_prompt: The system prompt of this context.

        Raises:
            DefinitionError: The system prompt has sections.
        """
        self.system_prompt.set_text(system_prompt)
        return self

    def add_system_section(self, title: str, body: str) -> Self:
        """Append a section to the system prompt.

        Args:
            title: Its heading.
            body: Its text.

        Raises:
            DefinitionError: The system prompt is a text.
        """
        self.system_prompt.add_section(title, body)
        return self

    def add_system_bullets(self, title: str, bullets: Sequence[str]) -> Self:
        """Append a section with a list to the system prompt.

        Args:
            title: Its heading.
            bullets: Its list.

        Raises:
            DefinitionError: The system prompt is a text.
        """
        self.system_prompt.add_bullets(title, bullets)
        return self

    def set_prompt(self, prompt: str) -> Self:
        """Set the prompt that applies in every step of this context.

        Args:
            prompt: The text.

        Raises:
            DefinitionError: The prompt has sections.
        """
        self.prompt.set_text(prompt)
        return self

    def add_section(self, title: str, body: str) -> Self:
        """Append a section to the prompt.

        Args:
            title: Its heading.
            body: Its text.

        Raises:
            DefinitionError: The prompt is a text.
        """
        self.prompt.add_section(title, body)
        return self

    def add_bullets(self, title: str, bullets: Sequence[str]) -> Self:
        """Append a section with a list to the prompt.

        Args:
            title: Its heading.
            bullets: Its list.

        Raises:
            DefinitionError: The prompt is a text.
        """
        self.prompt.add_bullets(title, bullets)
        return self

    def set_consolidate(self, consolidate: bool) -> Self:
        """Choose whether the conversation before this context is summarised."""
        self.consolidate = consolidate
        return self

    def set_full_reset(self, full_reset: bool) -> Self:
        """Choose whether the conversation before this context is forgotten."""
        self.full_reset = full_reset
        return self

    def set_user_prompt(self, user_prompt: str) -> Self:
        """Set the caller's supposed first words in this context.

        Args:
            user_prompt: The text.
        """
        self.user_prompt = user_prompt
        return self

    def set_isolated(self, isolated: bool) -> Self:
        """Choose whether the conversation before this context is hidden from the model."""
        self.isolated = isolated
        return self

    def set_history(self, history: str) -> Self:
        """Choose how the history keeps this context's conversation.

        Args:
            history: ``keep``, ``default`` or ``hide``.

        Raises:
            DefinitionError: The mode is unknown.
        """
        self.history = history_mode(f"context {self.name!r}", history)
        return self

    def set_enter_fillers(self, enter_fillers: Mapping[str, Sequence[str]]) -> Self:
        """Replace the phrases that are said when the context begins.

        Args:
            enter_fillers: Language code, or ``default``, to phrases of which one is said. None change nothing.
        """
        self.enter_fillers = _phrases(enter_fillers) or self.enter_fillers
        return self

    def set_exit_fillers(self, exit_fillers: Mapping[str, Sequence[str]]) -> Self:
        """Replace the phrases that are said when the context ends.

        Args:
            exit_fillers: Language code, or ``default``, to phrases of which one is said. None change nothing.
        """
        self.exit_fillers = _phrases(exit_fillers) or self.exit_fillers
        return self

    def add_enter_filler(self, language_code: str, fillers: Sequence[str]) -> Self:
        """Set the phrases of one language that are said when the context begins.

        Args:
            language_code: Language code, or ``default``.
            fillers: Phrases of which one is said.
        """
        self.enter_fillers[language_code] = string_list("fillers", fillers)
        return self

    def add_exit_filler(self, language_code: str, fillers: Sequence[str]) -> Self:
        """Set the phrases of one language that are said when the context ends.

        Args:
            language_code: Language code, or ``default``.
            fillers: Phrases of which one is said.
        """
        self.exit_fillers[language_code] = string_list("fillers", fillers)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the context as JSON values."""
        data: dict[str, Any] = {"steps": [step.to_dict() for step in self.steps]}
        optional = {
            "valid_contexts": self.valid_contexts,
            "valid_steps": self.valid_steps,
            "initial_step": self.initial_step,
            "post_prompt": self.post_prompt,
            "system_prompt": self.system_prompt.render(),
            "consolidate": self.consolidate or None,
            "full_reset": self.full_reset or None,
            "user_prompt": self.user_prompt,
            "isolated": self.isolated or None,
            "pom": self.prompt.sections or None,
            "prompt": self.prompt.text,
            "enter_fillers": self.enter_fillers or None,
            "exit_fillers": self.exit_fillers or None,
            "history": self.history,
        }
        return data | {key: value for key, value in optional.items() if value is not None}


def create_simple_context(name: str = "default") -> Context:
    """Return a context that belongs to no agent yet.

    Args:
        name: Its name.
    """
    return Context(name)


def _phrases(fillers: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    if not isinstance(fillers, dict):
        raise TypeError(f"fillers must map language codes to lists of phrases; got {fillers!r}")
    return {code: string_list("fillers", phrases) for code, phrases in fillers.items()}
