"""The prompt: sections (SignalWire's prompt object model, POM) and text, to JSON, Markdown and XML.

A section has a title, a body, bullets and subsections. Only the first section goes without a title.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import attrs

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Prompt", "PromptSections", "Section"]

_UNTITLED = "Untitled Section"
_KINDS: dict[str, tuple[type, str]] = {
    "title": (str, "a string"),
    "body": (str, "a string"),
    "bullets": (list, "a list"),
    "subsections": (list, "a list"),
    "numbered": (bool, "true or false"),
    "numberedBullets": (bool, "true or false"),
}


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    advice = ". Pass a list of bullet points as bullets" if isinstance(value, (list, tuple)) else ""
    raise TypeError(f"{name} must be a string, not {type(value).__name__}{advice}")


def _title(value: str | None) -> str | None:
    return _text("title", value) or None if value is not None else None


def _body(value: str) -> str:
    return _text("body", value)


def _bullets(value: Sequence[str] | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"bullets must be a list of strings, not {type(value).__name__}")
    return [_text("a bullet", bullet) for bullet in value]


@attrs.define
class Section:
    """One section of a prompt, with the sections below it.

    Args:
        title: Its heading; ``None`` (or an empty text) for the opening section without one.
        body: Its text.
        bullets: Its list, after the text.
        numbered: Whether the heading is numbered; ``None`` follows a numbered neighbour, false does not.
        numbered_bullets: Whether the list is numbered.

    Raises:
        TypeError: An argument has the wrong type.
    """

    title: str | None = attrs.field(default=None, converter=_title)
    body: str = attrs.field(default="", converter=_body)
    bullets: list[str] = attrs.field(default=None, converter=_bullets)
    numbered: bool | None = None
    numbered_bullets: bool = False
    subsections: list[Section] = attrs.field(factory=list, init=False)

    @property
    def is_empty(self) -> bool:
        """Whether the section says nothing but its title."""
        return not (self.body or self.bullets or self.subsections)

    def add_body(self, body: str) -> Self:
        """Replace the text.

        Args:
            body: The new text.
        """
        self.body = body
        return self

    def add_bullets(self, bullets: Sequence[str]) -> Self:
        """Append to the list.

        Args:
            bullets: Points of the list.

        Raises:
            TypeError: It is not a list of strings.
        """
        self.bullets = [*self.bullets, *_bullets(bullets)]
        return self

    def add_subsection(
        self,
        title: str,
        *,
        body: str = "",
        bullets: Sequence[str] | None = None,
        numbered: bool | None = False,
        numbered_bullets: bool = False,
    ) -> Section:
        """Append a section below this one and return it.

        Args:
            title: Its heading.
            body: Its text.
            bullets: Its list.
            numbered: Whether its heading is numbered.
            numbered_bullets: Whether its list is numbered.

        Raises:
            DefinitionError: There is no title.
        """
        if not title:
            raise DefinitionError(f"a subsection of {self.title!r} needs a title: only the first section goes without")
        section = Section(title, body, bullets, numbered, numbered_bullets)
        self.subsections.append(section)
        return section

    def to_dict(self) -> dict[str, Any]:
        """Return the section as JSON values."""
        data: dict[str, Any] = {} if self.title is None else {"title": self.title}
        # The platform's schema wants a body or bullets, also where the subsections say it all.
        if self.body or (self.subsections and not self.bullets):
            data["body"] = self.body
        if self.bullets:
            data["bullets"] = list(self.bullets)
        if self.subsections:
            data["subsections"] = [section.to_dict() for section in self.subsections]
        if self.numbered:
            data["numbered"] = True
        if self.numbered_bullets:
            data["numberedBullets"] = True
        return data

    def walk(self) -> Iterator[Section]:
        """Yield this section and every section below it, as they are read."""
        yield self
        for section in self.subsections:
            yield from section.walk()


class PromptSections:
    """The sections of a prompt, in order."""

    def __init__(self) -> None:
        self.sections: list[Section] = []

    @classmethod
    def from_json(cls, data: str | Iterable[dict[str, Any]]) -> Self:
        """Read sections that are written out.

        Args:
            data: A list of objects with ``title``, ``body``, ``bullets``, ``subsections``, ``numbered`` and
                ``numberedBullets``, or JSON text of one.

        Raises:
            DefinitionError: It is not JSON, or a section cannot be used; the text names the section.
        """
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except ValueError as error:
                raise DefinitionError(f"the prompt's sections are not JSON: {error}") from None
        if not isinstance(data, (list, tuple)):
            raise DefinitionError(f"the prompt's sections must be a list, not {type(data).__name__}")
        prompt = cls()
        for position, written in enumerate(data):
            section = _read(written, f"section {position + 1}")
            if position and section.title is None:
                section.title = _UNTITLED
            prompt.sections.append(section)
        return prompt

    def add_section(
        self,
        title: str | None = None,
        body: str = "",
        bullets: Sequence[str] | None = None,
        *,
        numbered: bool | None = None,
        numbered_bullets: bool = False,
        subsections: Sequence[dict[str, Any]] | None = None,
    ) -> Section:
        """Append a section and return it.

        Args:
            title: Its heading; the first section may go without.
            body: Its text.
            bullets: Its list.
            numbered: Whether its heading is numbered; ``None`` follows a numbered neighbour, false does not.
            numbered_bullets: Whether its list is numbered.
            subsections: Objects with ``title``, ``body`` and ``bullets`` (the rest as in ``from_json``).

        Raises:
            DefinitionError: A later section has no title, or a subsection cannot be used.
            TypeError: An argument has the wrong type.
        """
        section = Section(title, body, bullets, numbered, numbered_bullets)
        if section.title is None and self.sections:
            raise DefinitionError("this section needs a title: only the first section of a prompt goes without")
        for position, written in enumerate(subsections or ()):
            section.subsections.append(_read(written, f"subsection {position + 1} of {title!r}", titled=True))
        self.sections.append(section)
        return section

    def add_to_section(
        self,
        title: str,
        body: str | None = None,
        bullet: str | None = None,
        bullets: Sequence[str] | None = None,
    ) -> Section:
        """Append to the section of a title, which is made if need be, and return it.

        Args:
            title: Title of the section.
            body: A paragraph after its text.
            bullet: A point of its list.
            bullets: Points of its list.
        """
        section = self.find_section(title) or self.add_section(title)
        if body:
            section.body = f"{section.body}\n\n{_text('body', body)}" if section.body else body
        if bullet:
            section.add_bullets([bullet])
        if bullets:
            section.add_bullets(bullets)
        return section

    def add_subsection(
        self, parent_title: str, title: str, body: str = "", bullets: Sequence[str] | None = None
    ) -> Section:
        """Append a subsection below the section of a title, which is made if need be, and return it.

        Args:
            parent_title: Title of the section above, at whatever depth.
            title: Its own heading.
            body: Its text.
            bullets: Its list.
        """
        parent = self.find_section(parent_title) or self.add_section(parent_title)
        return parent.add_subsection(title, body=body, bullets=bullets)

    def find_section(self, title: str) -> Section | None:
        """Return the section with this title: the first at the top, else the first below, else ``None``.

        Args:
            title: Title of the section.
        """
        everywhere = (section for top in self.sections for section in top.walk())
        return next((section for section in (*self.sections, *everywhere) if section.title == title), None)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the sections as JSON values."""
        return [section.to_dict() for section in self.sections]

    def to_json(self) -> str:
        """Return the sections as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def render_markdown(self) -> str:
        """Return the prompt as Markdown; headings begin at the second level."""
        return "\n".join(_markdown(section, number, 2) for section, number in _numbers(self.sections, ()))

    def render_xml(self) -> str:
        """Return the prompt with its sections in XML tags.

        The texts stand as they are, unescaped: it is a model that reads them, not an XML parser.
        """
        lines = [line for section, number in _numbers(self.sections, ()) for line in _xml(section, number, "  ")]
        return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<prompt>", *lines, "</prompt>"])


@attrs.define
class Prompt:
    """What an agent is told to be: a text, sections, or a text followed by sections.

    Args:
        text: The text, ``None`` without one.
        sections: The sections.
    """

    text: str | None = None
    sections: PromptSections = attrs.field(factory=PromptSections)

    def set_text(self, text: str) -> None:
        """Replace the text.

        Args:
            text: What the agent is told.

        Raises:
            DefinitionError: The text is empty.
            TypeError: It is not text.
        """
        if not _text("the prompt", text).strip():
            raise DefinitionError("the prompt text is empty. Say who the agent is and what it does")
        self.text = text

    def set_sections(self, pom: str | Iterable[dict[str, Any]]) -> None:
        """Replace the sections.

        Args:
            pom: The sections as ``PromptSections.from_json`` reads them.

        Raises:
            DefinitionError: There are none, or one cannot be used.
        """
        sections = PromptSections.from_json(pom)
        if not sections.sections:
            raise DefinitionError("the prompt has no sections. Pass at least one, with a title and a body")
        self.sections = sections

    def to_dict(self, agent_name: str) -> dict[str, Any]:
        """Return the document's ``prompt``: an object with ``text`` or ``pom``.

        Where there are both, the text opens the sections, so that neither is lost. Where there is neither,
        the agent is introduced by its name.

        Args:
            agent_name: Name of the agent.

        Raises:
            DefinitionError: A section says nothing but its title.
        """
        empty = [s.title for top in self.sections.sections for s in top.walk() if s.is_empty]
        if empty:
            raise DefinitionError(
                f"the prompt's section {empty[0]!r} has no content. "
                "Give it a body, bullets or subsections, or leave it out"
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


def _read(written: object, where: str, *, titled: bool = False) -> Section:
    if not isinstance(written, dict):
        raise DefinitionError(f"{where} of the prompt must be an object, not {type(written).__name__}")
    title = written.get("title")
    where = f"{where} ({title!r})" if title else where
    for key, value in written.items():
        if key not in _KINDS:
            raise DefinitionError(f"{where} of the prompt has the unknown key {key!r}. Keys are {', '.join(_KINDS)}")
        kind, meant = _KINDS[key]
        if not isinstance(value, kind):
            raise DefinitionError(f"{where} of the prompt: {key} must be {meant}, not {type(value).__name__}")
    if titled and not title:
        raise DefinitionError(f"{where} of the prompt needs a title: only the first section goes without")
    section = Section(
        title,
        written.get("body", ""),
        written.get("bullets"),
        written.get("numbered"),
        written.get("numberedBullets", False),
    )
    section.subsections = [
        _read(below, f"subsection {position + 1} of {where}", titled=True)
        for position, below in enumerate(written.get("subsections", ()))
    ]
    if section.is_empty:
        raise DefinitionError(f"{where} of the prompt has no content. Give it a body, bullets or subsections")
    return section


def _numbers(
    sections: Iterable[Section], above: tuple[int, ...], *, countable: bool = True
) -> Iterator[tuple[Section, tuple[int, ...]]]:
    """Yield each section with its number: its own among numbered neighbours, else the one above."""
    sections = list(sections)
    counting = countable and any(section.numbered for section in sections)
    position = 0
    for section in sections:
        position += section.title is not None
        own = counting and section.title is not None and section.numbered is not False
        yield section, (*above, position) if own else above


def _below(section: Section, number: tuple[int, ...]) -> Iterator[tuple[Section, tuple[int, ...]]]:
    return _numbers(section.subsections, number, countable=section.title is not None)


def _heading(section: Section, number: tuple[int, ...]) -> str:
    prefix = ".".join(map(str, number))
    return f"{prefix}. {section.title}" if prefix else f"{section.title}"


def _markdown(section: Section, number: tuple[int, ...], level: int) -> str:
    lines = []
    if section.title is not None:
        lines.append(f"{'#' * level} {_heading(section, number)}\n")
    if section.body:
        lines.append(f"{section.body}\n")
    for position, bullet in enumerate(section.bullets, 1):
        lines.append(f"{position}. {bullet}" if section.numbered_bullets else f"- {bullet}")
    if section.bullets:
        lines.append("")
    deeper = level if section.title is None else level + 1
    lines.extend(_markdown(below, own, deeper) for below, own in _below(section, number))
    return "\n".join(lines)


def _xml(section: Section, number: tuple[int, ...], indent: str) -> Iterator[str]:
    yield f"{indent}<section>"
    if section.title is not None:
        yield f"{indent}  <title>{_heading(section, number)}</title>"
    if section.body:
        yield f"{indent}  <body>{section.body}</body>"
    if section.bullets:
        yield f"{indent}  <bullets>"
        for position, bullet in enumerate(section.bullets, 1):
            mark = f' id="{position}"' if section.numbered_bullets else ""
            yield f"{indent}    <bullet{mark}>{bullet}</bullet>"
        yield f"{indent}  </bullets>"
    if section.subsections:
        yield f"{indent}  <subsections>"
        for below, own in _below(section, number):
            yield from _xml(below, own, f"{indent}    ")
        yield f"{indent}  </subsections>"
    yield f"{indent}</section>"
