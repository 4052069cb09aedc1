"""Vocabulary: the methods that describe an agent, by topic.

Each class acts on the agent's ``Draft`` (``agenthost.swml``) and returns the agent, for chaining.
"""

from __future__ import annotations

from agenthost.agent.vocabulary.addresses import AddressWords
from agenthost.agent.vocabulary.flow import FlowWords
from agenthost.agent.vocabulary.model import ModelWords
from agenthost.agent.vocabulary.platform import PlatformWords
from agenthost.agent.vocabulary.prompts import PromptWords
from agenthost.agent.vocabulary.served import ServedWords
from agenthost.agent.vocabulary.skills import SkillWords
from agenthost.agent.vocabulary.speech import SpeechWords
from agenthost.agent.vocabulary.state import StateWords
from agenthost.agent.vocabulary.tools import ToolWords

__all__ = ["Vocabulary"]


class Vocabulary(
    PromptWords,
    SpeechWords,
    ModelWords,
    ToolWords,
    PlatformWords,
    SkillWords,
    FlowWords,
    AddressWords,
    ServedWords,
    StateWords,
):
    """All methods that describe an agent, configure its calls, and serve it alone."""
