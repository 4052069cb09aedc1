"""Contexts and steps: the present one, and where the model may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Flow"]


@define
class Flow:
    """The contexts of a session, and the present step.

    Args:
        contexts: the contexts by name, as in the document.
        context: name of the present context.
        step: the present step, or None once steps are over.
        allowed: the functions that the step offers, or None for all.
        closing: whether the present step is the last one, with its text still to be used.
        before: texts of earlier steps that are kept.
    """

    contexts: Mapping[str, Mapping[str, Any]]
    context: str = ""
    step: Mapping[str, Any] | None = None
    allowed: frozenset[str] | None = None
    closing: bool = False
    before: list[str] = field(factory=list)

    @classmethod
    def read(cls, contexts: Any) -> Flow | None:
        """Read the contexts of a prompt, or return None without a usable one."""
        if not isinstance(contexts, dict):
            return None
        usable = {name: context for name, context in contexts.items() if isinstance(context, dict) and _steps(context)}
        return cls(usable) if usable else None

    @property
    def first(self) -> str:
        """The context at the start."""
        return "default" if "default" in self.contexts else next(iter(self.contexts))

    @property
    def now(self) -> Mapping[str, Any]:
        """The present context."""
        return self.contexts.get(self.context, {})

    @property
    def step_name(self) -> str:
        """Name of the present step, or empty text."""
        return str(self.step.get("name", "")) if self.step is not None else ""

    def initial_step(self, context: str) -> str:
        """Return the first step of a context."""
        steps = _steps(self.contexts[context])
        named = self.contexts[context].get("initial_step")
        return named if named in steps else next(iter(steps))

    def enter(self, context: str, step: str) -> None:
        """Make a step the present one. Its history keeps or drops earlier texts."""
        left = self.step.get("text") if self.step is not None else None
        self.context = context
        self.step = _steps(self.contexts[context])[step]
        if self.history != "keep":
            self.before.clear()
        elif isinstance(left, str):
            self.before.append(left)
        self.closing = self.step.get("end") is True
        if "functions" in self.step:
            named = self.step["functions"]
            self.allowed = frozenset(str(name) for name in named) if isinstance(named, list) else frozenset()

    def leave(self) -> None:
        """End the steps: the conversation goes on without them."""
        self.step = None
        self.closing = False

    def has_step(self, name: str) -> bool:
        """Return True if the present context has a step of this name."""
        return name in _steps(self.now)

    def following(self) -> str | None:
        """Return the step after the present one, or None."""
        names = list(_steps(self.now))
        if self.step_name not in names:
            return None
        at = names.index(self.step_name) + 1
        return names[at] if at < len(names) else None

    def next_steps(self) -> list[str]:
        """Return the steps that the model may choose."""
        if self.step is None or self.step.get("end") is True:
            return []
        valid = self.step.get("valid_steps", self.now.get("valid_steps"))
        following = self.following()
        if not isinstance(valid, list):
            return [following] if following is not None else []
        named = [following if name == "next" else name for name in valid]
        return list(dict.fromkeys(name for name in named if isinstance(name, str) and self.has_step(name)))

    def next_contexts(self) -> list[str]:
        """Return the contexts that the model may choose."""
        step = self.step or {}
        valid = step.get("valid_contexts", self.now.get("valid_contexts"))
        names = valid if isinstance(valid, list) else []
        return [name for name in names if isinstance(name, str) and name in self.contexts]

    @property
    def history(self) -> str:
        """``keep``, ``default`` or ``hide``. The step's word counts more than the context's."""
        step = self.step or {}
        found = step.get("history", self.now.get("history", "default"))
        return found if isinstance(found, str) else "default"


def _steps(context: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    steps = context.get("steps")
    named = (step for step in steps if isinstance(step, dict)) if isinstance(steps, list) else iter(())
    return {str(step.get("name", f"step_{number}")): step for number, step in enumerate(named, 1)}
