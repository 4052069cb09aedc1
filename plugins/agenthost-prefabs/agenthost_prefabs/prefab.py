"""Settings and prompt sections that all prefabs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from attrs import field, frozen

from agenthost import AgentBase

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Prefab", "PrefabSettings", "filled"]

_FALLBACK = "I'm sorry, I can't do that right now. Please call again in a few minutes."


def filled(_settings: object, attribute: attrs.Attribute[str], value: str) -> None:
    """Reject an empty text."""
    if not value.strip():
        raise ValueError(f"{attribute.name} must not be empty")


@frozen(kw_only=True)
class PrefabSettings:
    """Settings of every prefab.

    Args:
        company: Name of the company or the place
        greeting: First sentence of the agent. Empty leaves it to the model
        instructions: Further instructions for the model
        language: Code of the language, such as en-US
        language_name: Name of the language for the model
        voice: Voice of the agent
        summary_url: URL that receives a summary of each call, as JSON
    """

    company: str = field(default="our company", validator=filled)
    greeting: str = ""
    instructions: tuple[str, ...] = ()
    language: str = field(default="en-US", validator=filled)
    language_name: str = field(default="English", validator=filled)
    voice: str = field(default="rime.spore", validator=filled)
    summary_url: str = ""


class Prefab(AgentBase):
    """An agent whose prompt is made of its settings."""

    def begin(self, settings: PrefabSettings, role: str, summary: Mapping[str, str]) -> None:
        """Add what all prefabs have.

        Args:
            settings: Its settings
            role: Its role, in a sentence
            summary: Fields of the summary, with their descriptions
        """
        self.prompt_add_section("Role", role)
        if settings.greeting:
            self.prompt_add_section("Greeting", f'Begin with: "{settings.greeting}"')
        if settings.instructions:
            self.prompt_add_section("Instructions", bullets=list(settings.instructions))
        self.add_language(settings.language_name, settings.language, settings.voice)
        if settings.summary_url:
            fields = ", ".join(f'"{name}": "{told}"' for name, told in summary.items())
            self.set_post_prompt(f"Summarise the conversation as JSON: {{{fields}}}")
            self.set_post_prompt_url(settings.summary_url)

    @staticmethod
    def fallback_words() -> str:
        """Return the words that callers hear when a tool fails."""
        return _FALLBACK
