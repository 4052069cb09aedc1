"""Sections of a prompt as Markdown and as XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenthost.prompt.section import Section

__all__ = ["markdown", "xml"]


def markdown(sections: Iterable[Section]) -> str:
    """Render sections as Markdown, with headings from the second level on."""
    return "\n".join(_markdown(section, number, 2) for section, number in _numbers(sections, ()))


def xml(sections: Iterable[Section]) -> str:
    """Render sections in XML tags.

    The texts are not escaped, because a model reads them, not an XML parser.
    """
    lines = [line for section, number in _numbers(sections, ()) for line in _xml(section, number, "  ")]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<prompt>", *lines, "</prompt>"])


def _numbers(
    sections: Iterable[Section], above: tuple[int, ...], *, countable: bool = True
) -> Iterator[tuple[Section, tuple[int, ...]]]:
    """Yield each section with its number.

    A section without a number of its own has that of the section above.
    """
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
