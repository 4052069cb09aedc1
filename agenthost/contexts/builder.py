"""The contexts of an agent: create, read, check and write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.contexts.context import Context
from agenthost.contexts.reading import read_context
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from agenthost.contexts.step import Step

__all__ = ["MAX_CONTEXTS", "RESERVED_TOOL_NAMES", "ContextBuilder"]

MAX_CONTEXTS = 50
"""The most contexts that the platform accepts."""

RESERVED_TOOL_NAMES = frozenset({"next_step", "change_context", "gather_submit"})
"""Tools that the platform adds to an agent with contexts."""


class ContextBuilder:
    """The contexts of an agent, by name and in order.

    Args:
        agent: has no effect. The host checks the steps' tools when it mounts the agent.
    """

    def __init__(self, agent: object = None) -> None:  # noqa: ARG002 - the field's
        self.contexts: dict[str, Context] = {}
        self.emptied = False
        """True if the contexts were removed, so that none are left on purpose."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, Any]]) -> Self:
        """Read contexts from JSON values, as on the wire.

        Args:
            data: Name of each context to its definition, with ``steps``.

        Raises:
            DefinitionError: A context is wrong. The message names it.
        """
        builder = cls()
        for name, written in data.items():
            read_context(builder.add_context(name), written)
        return builder

    def add_context(self, name: str) -> Context:
        """Append a context and return it.

        Args:
            name: Its name. A context that is alone is called ``default``.

        Raises:
            DefinitionError: The name is empty or taken, or there are 50 contexts already.
        """
        if not name:
            raise DefinitionError("a context needs a name")
        if name in self.contexts:
            raise DefinitionError(f"there already is a context {name!r}. fix: give each its own name")
        if len(self.contexts) >= MAX_CONTEXTS:
            raise DefinitionError(f"there already are {MAX_CONTEXTS} contexts, the maximum")
        context = self.contexts[name] = Context(name)
        return context

    def get_context(self, name: str) -> Context | None:
        """Return the context of this name, or ``None``."""
        return self.contexts.get(name)

    def reset(self) -> Self:
        """Remove every context."""
        self.contexts.clear()
        self.emptied = True
        return self

    def validate(self, tool_names: Collection[str] | None = None) -> None:
        """Check everything that can only be checked once all is defined.

        Args:
            tool_names: Names of the agent's tools, without the platform's own. ``None`` leaves out the checks of tools.

        Raises:
            DefinitionError: A context has no steps, a step has no words or no questions, a name does not exist, or
                a tool has a name that the platform reserves.
        """
        self._check()
        if tool_names is None:
            return
        taken = sorted(RESERVED_TOOL_NAMES.intersection(tool_names))
        if taken:
            raise DefinitionError(
                f"the platform reserves the tool names {', '.join(taken)} for contexts. fix: rename the agent's tools"
            )
        known = RESERVED_TOOL_NAMES.union(tool_names)
        for context, step in self._steps():
            _known(
                "tool",
                step.functions if isinstance(step.functions, list) else (),
                known,
                _place(context, step),
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the contexts as JSON values.

        Raises:
            DefinitionError: As ``validate`` does, except about tools.
        """
        self._check()
        return {name: context.to_dict() for name, context in self.contexts.items()}

    def _steps(self) -> Iterator[tuple[Context, Step]]:
        return ((context, step) for context in self.contexts.values() for step in context.steps)

    def _check(self) -> None:
        if not self.contexts:
            raise DefinitionError("there are no contexts. fix: add one, called 'default'")
        if len(self.contexts) == 1 and "default" not in self.contexts:
            raise DefinitionError(f"the only context must be called 'default', not {next(iter(self.contexts))!r}")
        for name, context in self.contexts.items():
            where = f"context {name!r}"
            steps = [step.name for step in context.steps]
            if not steps:
                raise DefinitionError(f"{where} has no steps. fix: add at least one")
            if context.initial_step is not None:
                _known("step", [context.initial_step], steps, where)
            _known("step", context.valid_steps or (), [*steps, "next"], where)
            _known("context", context.valid_contexts or (), self.contexts, where)
        for context, step in self._steps():
            self._check_step(context, step)

    def _check_step(self, context: Context, step: Step) -> None:
        where = _place(context, step)
        steps = [other.name for other in context.steps]
        if step.passage.render() is None:
            raise DefinitionError(f"{where} has no words. fix: call set_text() or add_section()")
        _known("step", step.valid_steps or (), [*steps, "next"], where)
        _known("context", step.valid_contexts or (), self.contexts, where)
        if step.gather_info is None:
            return
        if not step.gather_info.questions:
            raise DefinitionError(f"{where} gathers, but has no questions. fix: call add_gather_question()")
        onward = step.gather_info.completion_action
        if onward == "next_step":
            if step.name == steps[-1]:
                raise DefinitionError(
                    f"{where} continues at the next step after gathering, but it is the last. "
                    "fix: add a step after it, name another one, or leave completion_action out to stay"
                )
        elif onward is not None:
            _known("step", [onward], [*steps, "next_step"], where)


def _place(context: Context, step: Step) -> str:
    return f"step {step.name!r} of context {context.name!r}"


def _known(kind: str, names: Collection[str], known: Collection[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise DefinitionError(f"{where} names the {kind} {name!r}, which is not one of {', '.join(sorted(known))}")
