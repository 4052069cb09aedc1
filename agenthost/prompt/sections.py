"""The sections of a prompt, in order."""

from __future__ import annotations

import json
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from agenthost.errors import DefinitionError
from agenthost.prompt.rendering import markdown, xml
from agenthost.prompt.section import Section, checked_text, read_section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["PromptSections"]

_log = logging.getLogger("agenthost.agent")
_UNTITLED = "Untitled Section"


class PromptSections:
    """The sections of a prompt, in order."""

    def __init__(self) -> None:
        self.sections: list[Section] = []

    @classmethod
    def from_json(cls, data: str | dict[str, Any] | Iterable[dict[str, Any]]) -> Self:
        """Read sections from JSON values or JSON text.

        Args:
            data: A section or a list of sections: objects with ``title``, ``body``, ``bullets``, ``subsections``,
                ``numbered`` and ``numberedBullets``, or JSON text of them.

        Raises:
            DefinitionError: The text is not JSON, or a section is wrong. The message names the section.
        """
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except ValueError as error:
                raise DefinitionError(f"the prompt's sections are not JSON: {error}") from None
        if isinstance(data, dict):
            data = [data]
        if not isinstance(data, (list, tuple)):
            raise DefinitionError(f"the prompt's sections must be a list, not {type(data).__name__}")
        prompt = cls()
        for position, written in enumerate(data):
            section = read_section(written, f"section {position + 1}")
            if position and section.title is None:
                section.title = _UNTITLED
            prompt.sections.append(section)
        return prompt

    @classmethod
    def from_yaml(cls, data: str | dict[str, Any] | Iterable[dict[str, Any]]) -> Self:
        """Read sections from YAML text, or from the values of ``from_json``.

        Raises:
            DefinitionError: PyYAML is not installed, the text is not YAML, or a section is wrong.
        """
        if isinstance(data, str):
            yaml = _yaml()
            try:
                data = yaml.safe_load(data)
            except yaml.YAMLError as error:
                raise DefinitionError(f"the prompt's sections are not YAML: {error}") from None
        return cls.from_json(data)

    def add_section(
        self,
        title: str | None = None,
        body: str = "",
        bullets: Sequence[str] | None = None,
        *,
        numbered: bool | None = None,
        numbered_bullets: bool = False,
        subsections: Sequence[dict[str, Any]] | None = None,
        numberedBullets: bool = False,  # noqa: N803 - the field's
    ) -> Section:
        """Append a section and return it.

        Args:
            title: Its heading. Only the first section may go without.
            body: Its text.
            bullets: Its list.
            numbered: Whether its heading is numbered. ``None`` follows a numbered neighbour, false does not.
            numbered_bullets: Whether its list is numbered.
            subsections: Objects with ``title``, ``body`` and ``bullets`` (the rest as in ``from_json``). Text becomes a
                bullet, with a warning.
            numberedBullets: The same as ``numbered_bullets``.

        Raises:
            DefinitionError: A later section has no title, or a subsection is wrong.
            TypeError: An argument has the wrong type.
        """
        section = Section(title, body, bullets, numbered, numbered_bullets or numberedBullets)
        if section.title is None and self.sections:
            raise DefinitionError("this section needs a title. Only the first section of a prompt may go without")
        for position, written in enumerate(subsections or ()):
            if isinstance(written, str):
                _log.warning("the subsection %r of %r is text. fix: pass it in bullets, as it is read", written, title)
                section.add_bullets([written])
                continue
            section.subsections.append(read_section(written, f"subsection {position + 1} of {title!r}", titled=True))
        self.sections.append(section)
        return section

    def add_to_section(
        self,
        title: str,
        body: str | None = None,
        bullet: str | None = None,
        bullets: Sequence[str] | None = None,
    ) -> Section:
        """Append to the section with a title, created on demand, and return it.

        Args:
            title: Title of the section.
            body: A paragraph after its text.
            bullet: A point of its list.
            bullets: Points of its list.
        """
        section = self.find_section(title) or self.add_section(title)
        if body:
            section.body = f"{section.body}\n\n{checked_text('body', body)}" if section.body else body
        if bullet:
            section.add_bullets([bullet])
        if bullets:
            section.add_bullets(bullets)
        return section

    def add_subsection(
        self, parent_title: str, title: str, body: str = "", bullets: Sequence[str] | None = None
    ) -> Section:
        """Append a subsection below a section, created on demand, and return it.

        Args:
            parent_title: Title of the section above, at any depth.
            title: Its own heading.
            body: Its text.
            bullets: Its list.
        """
        parent = self.find_section(parent_title) or self.add_section(parent_title)
        return parent.add_subsection(title, body=body, bullets=bullets)

    def add_pom_as_subsection(self, target: str | Section, pom_to_add: PromptSections) -> None:
        """Append copies of the sections of another prompt below a section.

        Args:
            target: The section, or its title.
            pom_to_add: The other prompt.

        Raises:
            DefinitionError: There is no such section, or a section of the other prompt has no title.
        """
        above = self.find_section(target) if isinstance(target, str) else target
        if above is None:
            raise DefinitionError(f"the prompt has no section {target!r}. fix: add it first")
        if any(not section.title for section in pom_to_add.sections):
            raise DefinitionError(f"a section to add below {above.title!r} needs a title")
        above.subsections += [section.copy() for section in pom_to_add.sections]

    def find_section(self, title: str) -> Section | None:
        """Return the section with this title, or ``None``.

        A section at the top takes precedence over those below.

        Args:
            title: Title of the section.
        """
        everywhere = (section for top in self.sections for section in top.walk())
        return next((section for section in (*self.sections, *everywhere) if section.title == title), None)

    def copy(self) -> PromptSections:
        """Return an independent copy."""
        sections = PromptSections()
        sections.sections = [section.copy() for section in self.sections]
        return sections

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the sections as JSON values."""
        return [section.to_dict() for section in self.sections]

    def to_json(self) -> str:
        """Return the sections as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_yaml(self) -> str:
        """Return the sections as YAML text.

        Raises:
            DefinitionError: PyYAML is not installed.
        """
        return str(_yaml().safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True))

    def render_markdown(self) -> str:
        """Render the prompt as Markdown, with headings from the second level on."""
        return markdown(self.sections)

    def render_xml(self) -> str:
        """Render the prompt in XML tags, with unescaped texts."""
        return xml(self.sections)


def _yaml() -> Any:
    try:
        return import_module("yaml")
    except ImportError:
        raise DefinitionError("prompts in YAML need PyYAML. fix: pip install pyyaml, or use JSON") from None
