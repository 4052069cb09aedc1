"""The words of a step or context: a text, or titled sections, never both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HISTORY_MODES", "Passage", "history_mode", "string_list"]

HISTORY_MODES = ("keep", "default", "hide")
"""Ways to keep a part of the conversation after the model has left it."""


@attrs.define
class Passage:
    """A text, or titled sections.

    Args:
        owner: The owner of the words, for errors ("step 'greet'").
    """

    owner: str
    text: str | None = attrs.field(default=None, init=False)
    sections: list[dict[str, Any]] = attrs.field(factory=list, init=False)

    def set_text(self, text: str) -> None:
        """Replace the text.

        Raises:
            DefinitionError: There are sections already.
            TypeError: The argument is not text.
        """
        if not isinstance(text, str):
            raise TypeError(f"{self.owner}: the text must be a string, not {type(text).__name__}")
        if self.sections:
            raise self._both()
        self.text = text

    def add_section(self, title: str, body: str) -> None:
        """Append a section with a body.

        Raises:
            DefinitionError: There is a text already.
        """
        self.append({"title": title, "body": body})

    def add_bullets(self, title: str, bullets: Sequence[str]) -> None:
        """Append a section with a list.

        Raises:
            DefinitionError: There is a text already.
        """
        self.append({"title": title, "bullets": string_list(f"{self.owner}: bullets", bullets)})

    def append(self, section: dict[str, Any]) -> None:
        """Append a section as JSON values, with ``title``, ``body`` and ``bullets``.

        Raises:
            DefinitionError: There is a text already.
        """
        if self.text is not None:
            raise self._both()
        self.sections.append(section)

    def clear(self) -> None:
        """Remove the words."""
        self.text = None
        self.sections = []

    def render(self) -> str | None:
        """Return the words as Markdown, or ``None`` without any."""
        if self.text is not None or not self.sections:
            return self.text
        return "\n\n".join(_markdown(section) for section in self.sections).strip()

    def _both(self) -> DefinitionError:
        return DefinitionError(f"{self.owner} takes a text or sections, not both. fix: put the text in a section")


def _markdown(section: dict[str, Any]) -> str:
    lines = [f"## {section['title']}"]
    if section.get("body"):
        lines.append(section["body"])
    lines.extend(f"- {bullet}" for bullet in section.get("bullets", ()))
    return "\n".join(lines)


def history_mode(owner: str, mode: str) -> str:
    """Check and return a history mode.

    Raises:
        DefinitionError: The mode is unknown.
    """
    if mode not in HISTORY_MODES:
        raise DefinitionError(f"{owner}: history must be one of {', '.join(HISTORY_MODES)}; got {mode!r}")
    return mode


def string_list(what: str, value: Sequence[str]) -> list[str]:
    """Check and return a list of strings.

    Raises:
        TypeError: The value is not a list of strings. This includes a single string, which would be split into letters.
    """
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{what} must be a list of strings; got {value!r}")
    return list(value)
