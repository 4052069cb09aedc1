"""Reading of contexts and steps from JSON values, as on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.contexts.context import Context
from agenthost.contexts.step import Step
from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["read_context"]


def read_context(context: Context, written: Mapping[str, Any]) -> None:
    """Fill a context from its definition.

    Args:
        context: The context.
        written: Its definition, as in the document.

    Raises:
        DefinitionError: A key is unknown, or a value is wrong. The message names the place.
    """
    _apply(context, written, _CONTEXT, f"context {context.name!r}")


def _apply(target: Any, written: object, readers: Mapping[str, Callable[..., Any]], where: str) -> None:
    if not isinstance(written, dict):
        raise DefinitionError(f"{where} must be an object, not {type(written).__name__}")
    for key, value in written.items():
        if key not in readers:
            raise DefinitionError(f"{where} has the unknown key {key!r}. The keys are {', '.join(readers)}")
        try:
            readers[key](target, value)
        except TypeError as error:
            raise DefinitionError(f"{where}: {key}: {error}") from None


def _read_steps(context: Context, steps: Iterable[Mapping[str, Any]]) -> None:
    for position, written in enumerate(steps):
        where = f"step {position + 1} of context {context.name!r}"
        name = written.get("name") if isinstance(written, dict) else None
        if not isinstance(name, str):
            raise DefinitionError(f"{where} must be an object with a name")
        _apply(context.add_step(name), written, _STEP, f"step {name!r} of context {context.name!r}")


def _read_pom(context: Context, pom: list[dict[str, Any]]) -> None:
    for section in PromptSections.from_json(pom).to_dict():
        context.prompt.append(section)


def _read_reset(step: Step, reset: Mapping[str, Any]) -> None:
    _apply(step, reset, _RESET, f"the reset of step {step.name!r}")


def _read_gather(step: Step, gather: Mapping[str, Any]) -> None:
    if not isinstance(gather, dict):
        raise DefinitionError(f"the gather_info of step {step.name!r} must be an object")
    options = dict(gather)
    questions = options.pop("questions", ())
    step.set_gather_info(**options)
    for question in questions:
        step.add_gather_question(**question)


_CONTEXT: dict[str, Callable[..., Any]] = {
    "steps": _read_steps,
    "valid_contexts": Context.set_valid_contexts,
    "valid_steps": Context.set_valid_steps,
    "initial_step": Context.set_initial_step,
    "post_prompt": Context.set_post_prompt,
    "system_prompt": Context.set_system_prompt,
    "consolidate": Context.set_consolidate,
    "full_reset": Context.set_full_reset,
    "user_prompt": Context.set_user_prompt,
    "isolated": Context.set_isolated,
    "pom": _read_pom,
    "prompt": Context.set_prompt,
    "enter_fillers": Context.set_enter_fillers,
    "exit_fillers": Context.set_exit_fillers,
    "history": Context.set_history,
}

_STEP: dict[str, Callable[..., Any]] = {
    "name": lambda _step, _name: None,
    "text": Step.set_text,
    "step_criteria": Step.set_step_criteria,
    "functions": Step.set_functions,
    "valid_steps": Step.set_valid_steps,
    "valid_contexts": Step.set_valid_contexts,
    "end": Step.set_end,
    "skip_user_turn": Step.set_skip_user_turn,
    "skip_to_next_step": Step.set_skip_to_next_step,
    "history": Step.set_history,
    "reset": _read_reset,
    "gather_info": _read_gather,
    "pom": lambda step, pom: step.set_text(PromptSections.from_json(pom).render_markdown().strip()),
}

_RESET: dict[str, Callable[..., Any]] = {
    "system_prompt": Step.set_reset_system_prompt,
    "user_prompt": Step.set_reset_user_prompt,
    "consolidate": Step.set_reset_consolidate,
    "full_reset": Step.set_reset_full_reset,
}
