"""Instructions: an agent's prompt as text, for models that the host itself calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.prompt.rendering import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.swml import Draft

__all__ = ["instructions"]


def instructions(draft: Draft) -> str:
    """Return the prompt as text, with contexts and their steps."""
    prompt = draft.prompt
    parts = [prompt.text or ""]
    if prompt.use_sections:
        parts.append(markdown(prompt.sections.sections))
    if draft.contexts is not None:
        for name, context in draft.contexts.to_dict().items():
            parts.append(_context(name, context))
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    return text or f"You are {draft.name}, a helpful AI assistant."


def _context(name: str, context: Mapping[str, Any]) -> str:
    """List a context's steps, for a model that no platform leads through them."""
    lines = [f"## Context {name}: take these steps in order"]
    lines += [words for key in ("prompt", "system_prompt") if isinstance(words := context.get(key), str)]
    for step in context.get("steps", ()):
        lines.append(f"### Step {step.get('name')}\n{step.get('text', '')}")
        if criteria := step.get("step_criteria"):
            lines.append(f"Done when: {criteria}")
    return "\n\n".join(lines)
