"""Passages: parts of documents that answer a question, with their source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Passage", "Passages"]


@frozen
class Passage:
    """A part of a document.

    Args:
        content: The text
        filename: Path of the document below the folder that was indexed
        section: Headings above it, separated by `` > ``, or an empty text
        first_line: Number of its first line, or None where it is unknown
        last_line: Number of its last line
        tags: Words that the document has been given
        score: Sum of reciprocal ranks. Zero for one that no search has found
    """

    content: str
    filename: str
    section: str = ""
    first_line: int | None = None
    last_line: int | None = None
    tags: tuple[str, ...] = ()
    score: float = 0.0

    @property
    def source(self) -> str:
        """Return the document, the section and the lines."""
        named = ": ".join(each for each in (self.filename, self.section) if each)
        if self.first_line is None:
            return named
        if self.last_line in (None, self.first_line):
            return f"{named}, line {self.first_line}"
        return f"{named}, lines {self.first_line}-{self.last_line}"


class Passages(Protocol):
    """An index that can be searched."""

    def search(self, text: str, count: int = 3, tags: Collection[str] = ()) -> Sequence[Passage]:
        """Return the passages that fit a text, the best first."""

    def close(self) -> None:
        """Close its connections. The next search opens them again."""
