"""The prompt: sections (SignalWire's prompt object model) and text, as JSON, Markdown and XML.

A section has a title, a body, bullets and subsections. Only the first section goes without a title.
"""

from __future__ import annotations

from agenthost.prompt.prompt import Prompt
from agenthost.prompt.section import Section
from agenthost.prompt.sections import PromptSections

__all__ = ["Prompt", "PromptObjectModel", "PromptSections", "Section"]

PromptObjectModel = PromptSections
"""The name of ``PromptSections`` in SignalWire's SDK."""
