"""Agents that plugins make of other frameworks' objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agenthost.agent.base import AgentBase

__all__ = ["AdaptedAgent"]


@frozen
class AdaptedAgent:
    """An agent that a plugin has made of another framework's object.

    Args:
        agent: the agent.
        findings: sentences for ``agenthost check`` about the object, such as steps that remain to migrate it.
    """

    agent: AgentBase
    findings: tuple[str, ...] = ()
