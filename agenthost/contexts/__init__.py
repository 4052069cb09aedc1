"""Contexts and steps of a conversation: ``prompt.contexts`` of the document."""

from __future__ import annotations

from agenthost.contexts.builder import RESERVED_TOOL_NAMES, ContextBuilder
from agenthost.contexts.context import Context, create_simple_context
from agenthost.contexts.gather import GatherInfo, GatherQuestion
from agenthost.contexts.step import Step

__all__ = [
    "RESERVED_TOOL_NAMES",
    "Context",
    "ContextBuilder",
    "GatherInfo",
    "GatherQuestion",
    "Step",
    "create_simple_context",
]
