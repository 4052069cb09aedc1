"""A section of a prompt: create, read and write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Section", "checked_text", "read_section"]

_KINDS: dict[str, tuple[type, str]] = {
    "title": (str, "a string"),
    "body": (str, "a string"),
    "bullets": (list, "a list"),
    "subsections": (list, "a list"),
    "numbered": (bool, "true or false"),
    "numberedBullets": (bool, "true or false"),
}


_FIELDS = ("title", "body", "bullets", "numbered", "numbered_bullets", "subsections")


def checked_text(name: str, value: object) -> str:
    """Check that a value is text, and return it.

    Args:
        name: Name of the argument, for errors.
        value: The value.

    Raises:
        TypeError: The value is not text.
    """
    if isinstance(value, str):
        return value
    advice = ". fix: pass a list of bullet points as bullets" if isinstance(value, (list, tuple)) else ""
    raise TypeError(f"{name} must be a string, not {type(value).__name__}{advice}")


def _title(value: str | None) -> str | None:
    return checked_text("title", value) or None if value is not None else None


def _body(value: str) -> str:
    return checked_text("body", value)


def _bullets(value: Sequence[str] | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"bullets must be a list of strings, not {type(value).__name__}")
    return [checked_text("a bullet", bullet) for bullet in value]


@attrs.define
class Section:
    """One section of a prompt, with the sections below it.

    Args:
        title: Its heading, or ``None`` (or an empty text) for the opening section without one.
        body: Its text.
        bullets: Its list, after the text.
        numbered: Whether the heading is numbered. ``None`` follows a numbered neighbour, false does not.
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
        """True if the section has nothing but its title."""
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
            TypeError: The bullets are not a list of strings.
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
            DefinitionError: The title is missing.
        """
        if not title:
            raise DefinitionError(
                f"a subsection of {self.title!r} needs a title. Only the first section may go without"
            )
        section = Section(title, body, bullets, numbered, numbered_bullets)
        self.subsections.append(section)
        return section

    def copy(self) -> Section:
        """Return an independent copy."""
        section = Section.__new__(Section)
        own = self.title, self.body, list(self.bullets), self.numbered, self.numbered_bullets
        below = [each.copy() for each in self.subsections]
        for name, value in zip(_FIELDS, (*own, below), strict=True):
            object.__setattr__(section, name, value)  # they have been checked
        return section

    def to_dict(self) -> dict[str, Any]:
        """Return the section as JSON values."""
        data: dict[str, Any] = {} if self.title is None else {"title": self.title}
        # The platform's schema requires a body or bullets, even with subsections.
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
        """Yield this section and every section below it, in reading order."""
        yield self
        for section in self.subsections:
            yield from section.walk()


def read_section(written: object, where: str, *, titled: bool = False) -> Section:
    """Read a section, with the sections below it, from JSON values.

    Args:
        written: An object with the keys of ``Section.to_dict``.
        where: Its place, for errors ("section 2").
        titled: Whether a title is required.

    Raises:
        DefinitionError: The section is wrong. The message names the section and the key.
    """
    if not isinstance(written, dict):
        raise DefinitionError(f"{where} of the prompt must be an object, not {type(written).__name__}")
    title = written.get("title")
    where = f"{where} ({title!r})" if title else where
    for key, value in written.items():
        if key not in _KINDS:
            raise DefinitionError(
                f"{where} of the prompt has the unknown key {key!r}. The keys are {', '.join(_KINDS)}"
            )
        kind, meant = _KINDS[key]
        if not isinstance(value, kind):
            raise DefinitionError(f"{where} of the prompt: {key} must be {meant}, not {type(value).__name__}")
    if titled and not title:
        raise DefinitionError(f"{where} of the prompt needs a title. Only the first section may go without")
    section = Section(
        title,
        written.get("body", ""),
        written.get("bullets"),
        written.get("numbered"),
        written.get("numberedBullets", False),
    )
    section.subsections = [
        read_section(below, f"subsection {position + 1} of {where}", titled=True)
        for position, below in enumerate(written.get("subsections", ()))
    ]
    if section.is_empty:
        raise DefinitionError(f"{where} of the prompt has no content. fix: give it a body, bullets or subsections")
    return section
