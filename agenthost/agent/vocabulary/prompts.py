"""Methods for the prompt: text, sections, contexts, and its model settings."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.contexts import ContextBuilder
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["PromptWords", "class_sections"]


class PromptWords(Configurable):
    """The prompt of an agent."""

    PROMPT_SECTIONS: ClassVar[Sequence[Mapping[str, Any]] | Mapping[str, Any] | None] = None
    """Sections that a class declares: a list of sections, or titles to text, bullets, or a section's keys."""

    def set_prompt_text(self, text: str) -> Self:
        """Use ``text`` as the prompt.

        Sections, if any, follow it.
        """
        self._draft().prompt.set_text(text)
        return self

    def set_prompt_pom(self, pom: str | Sequence[dict[str, Any]]) -> Self:
        """Replace the prompt's sections.

        Args:
            pom: objects with ``title``, ``body``, ``bullets``, ``subsections``, ``numbered``, ``numberedBullets``, or
                JSON text of them.

        Raises:
            DefinitionError: there are no sections, or one of them is wrong.
        """
        self._draft().prompt.set_sections(pom)
        return self

    def prompt_add_section(
        self,
        title: str,
        body: str = "",
        bullets: Sequence[str] | None = None,
        numbered: bool | None = None,
        numbered_bullets: bool = False,
        subsections: Sequence[dict[str, Any]] | None = None,
    ) -> Self:
        """Add a section to the prompt.

        Args:
            title: its heading.
            body: its text.
            bullets: its list, an item a line.
            numbered: whether its heading is numbered. None follows a numbered neighbour.
            numbered_bullets: whether the list is numbered.
            subsections: dictionaries with ``title`` and ``body`` or ``bullets``.

        Raises:
            DefinitionError: a later section has no title, or a subsection is wrong.
        """
        self._draft().prompt.sections.add_section(
            title,
            body,
            bullets,
            numbered=numbered,
            numbered_bullets=numbered_bullets,
            subsections=subsections,
        )
        return self

    def prompt_add_subsection(
        self, parent_title: str, title: str, body: str = "", bullets: Sequence[str] | None = None
    ) -> Self:
        """Add a subsection to the section ``parent_title``, which is created on demand."""
        self._draft().prompt.sections.add_subsection(parent_title, title, body, bullets)
        return self

    def prompt_add_to_section(
        self,
        title: str,
        body: str | None = None,
        bullet: str | None = None,
        bullets: Sequence[str] | None = None,
    ) -> Self:
        """Add text or bullets to the section ``title``, which is created on demand."""
        self._draft().prompt.sections.add_to_section(title, body, bullet, bullets)
        return self

    def prompt_has_section(self, title: str) -> bool:
        """Return True if the prompt has a section called ``title``."""
        return self._declared.draft.prompt.sections.find_section(title) is not None

    def get_prompt(self) -> str | list[dict[str, Any]]:
        """Return the prompt of the document: its text, or its sections as JSON values."""
        draft = self._declared.draft
        prompt = draft.prompt.to_dict(draft.name) if draft.prompt.use_sections else {}
        found: str | list[dict[str, Any]] = prompt.get("pom") or prompt.get("text") or draft.prompt.text or ""
        return found or f"You are {draft.name}, a helpful AI assistant."

    def set_prompt_llm_params(self, **params: Any) -> Self:
        """Set parameters of the model for the prompt, such as ``temperature=0.3``.

        The others are kept. A parameter with the name of a part of the prompt, such as ``text``, replaces that part.
        """
        self._draft().prompt_params.update(params)
        return self

    def set_post_prompt(self, text: str) -> Self:
        """Set the prompt for the summary of an ended conversation.

        ``on_summary`` receives the summary.

        Args:
            text: the prompt. An empty text removes it.
        """
        draft = self._draft()
        if not isinstance(text, str):
            raise TypeError(f"the post prompt must be a string, not {type(text).__name__}")
        draft.post_prompt = text or None
        return self

    def get_post_prompt(self) -> str | None:
        """Return the prompt for the summary, or None."""
        return self._declared.draft.post_prompt

    def set_post_prompt_llm_params(self, **params: Any) -> Self:
        """Set parameters of the model for the summary, such as ``temperature=0.1``.

        They apply only with a post prompt.
        """
        self._draft().post_prompt_params.update(params)
        return self

    @overload
    def define_contexts(self, contexts: None = None) -> ContextBuilder: ...
    @overload
    def define_contexts(self, contexts: Mapping[str, Any] | ContextBuilder) -> Self: ...
    def define_contexts(self, contexts: Mapping[str, Any] | ContextBuilder | None = None) -> ContextBuilder | Self:
        """Return the agent's contexts, or replace them by ``contexts`` and return the agent.

        Args:
            contexts: a builder, or contexts as on the wire: name to definition.

        Raises:
            DefinitionError: a definition is wrong.
        """
        draft = self._draft()
        if contexts is None:
            if draft.contexts is None:
                draft.contexts = ContextBuilder()
            return draft.contexts
        draft.contexts = contexts if isinstance(contexts, ContextBuilder) else ContextBuilder.from_dict(contexts)
        return self

    @property
    def contexts(self) -> ContextBuilder:
        """The agent's contexts, to add to."""
        return self.define_contexts()

    def reset_contexts(self) -> Self:
        """Remove every context."""
        draft = self._draft()
        if draft.contexts is not None:
            draft.contexts.reset()
        return self


def class_sections(declared: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Read ``PROMPT_SECTIONS``.

    Entries without a title, or with nothing else, are ignored.

    Args:
        declared: the attribute.

    Raises:
        DefinitionError: the attribute is neither a list nor an object, or an entry has a wrong type.
    """
    if isinstance(declared, dict):
        declared = [_titled(title, content) for title, content in declared.items()]
    if not isinstance(declared, (list, tuple)):
        raise DefinitionError(f"PROMPT_SECTIONS must be a list or a dictionary, not {type(declared).__name__}.")
    for entry in declared:
        if not isinstance(entry, dict):
            raise DefinitionError(f"PROMPT_SECTIONS: a section must be a dictionary, not {type(entry).__name__}.")
        section = {key: value for key, value in entry.items() if value or key in ("numbered", "numberedBullets")}
        if "subsections" in section:
            section["subsections"] = list(class_sections(section["subsections"]))
            if not section["subsections"]:
                del section["subsections"]
        if section.get("title") and section.keys() & {"body", "bullets", "subsections"}:
            yield section


def _titled(title: str, content: Any) -> dict[str, Any]:
    if isinstance(content, dict):
        return {"title": title, **content}
    return {"title": title, "body" if isinstance(content, str) else "bullets": content}
