"""The words in which an agent is described, by topic; ``AgentBase`` speaks them all.

Each class acts on the agent's ``Draft`` (``agenthost.swml``) and returns the agent, for chaining.
"""

from __future__ import annotations

from agenthost.vocabulary.addresses import AddressWords
from agenthost.vocabulary.calls import CallWords
from agenthost.vocabulary.flow import FlowWords
from agenthost.vocabulary.model import ModelWords
from agenthost.vocabulary.platform import PlatformWords
from agenthost.vocabulary.prompts import PromptWords
from agenthost.vocabulary.serving import ServingWords
from agenthost.vocabulary.skills import SkillWords
from agenthost.vocabulary.speech import SpeechWords
from agenthost.vocabulary.state import StateWords
from agenthost.vocabulary.tools import ToolWords

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
    CallWords,
    ServingWords,
    StateWords,
):
    """Everything that an agent can say of itself, and being served alone."""
