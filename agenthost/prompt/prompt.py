"""The whole prompt of an agent: a text, sections, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from agenthost.errors import DefinitionError
from agenthost.prompt.section import checked_text
from agenthost.prompt.sections import PromptSections

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Prompt"]


@attrs.define
class Prompt:
    """The prompt of an agent: a text, sections, or a text followed by sections.

    Args:
        text: The text, ``None`` without one.
        sections: The sections.
        use_sections: Whether the sections count besides the text.
    """

    text: str | None = None
    sections: PromptSections = attrs.field(factory=PromptSections)
    use_sections: bool = True

    def set_text(self, text: str) -> None:
        """Replace the text.

        Args:
            text: The new text.

        Raises:
            DefinitionError: The text is empty.
            TypeError: The argument is not text.
        """
        if not checked_text("the prompt", text).strip():
            raise DefinitionError("the prompt text is empty. fix: say who the agent is and what it does")
        self.text = text

    def set_sections(self, pom: str | Iterable[dict[str, Any]]) -> None:
        """Replace the sections.

        Args:
            pom: The sections as ``PromptSections.from_json`` reads them.

        Raises:
            DefinitionError: There are no sections, or one of them is wrong.
        """
        sections = PromptSections.from_json(pom)
        if not sections.sections:
            raise DefinitionError("the prompt has no sections. fix: pass at least one, with a title and a body")
        self.sections = sections

    def copy(self) -> Prompt:
        """Return an independent copy."""
        return Prompt(self.text, self.sections.copy(), self.use_sections)

    def to_dict(self, agent_name: str) -> dict[str, Any]:
        """Return the document's ``prompt``: an object with ``text`` or ``pom``.

        With both, the text opens the sections. With neither, the agent is introduced by its name.

        Args:
            agent_name: Name of the agent.

        Raises:
            DefinitionError: A section has nothing but its title.
        """
        empty = [s.title for top in self.sections.sections for s in top.walk() if s.is_empty]
        if empty:
            raise DefinitionError(
                f"the prompt's section {empty[0]!r} has no content. "
                "fix: give it a body, bullets or subsections, or leave it out"
            )
        pom = self.sections.to_dict()
        if not pom:
            return {"text": self.text or f"You are {agent_name}, a helpful AI assistant."}
        if self.text is None:
            return {"pom": pom}
        if "title" in pom[0]:
            return {"pom": [{"body": self.text}, *pom]}
        opening = {**pom[0], "body": "\n\n".join(filter(None, (self.text, pom[0].get("body"))))}
        return {"pom": [opening, *pom[1:]]}
