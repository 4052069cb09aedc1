"""Explanation of a router's choice for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from agenthost.conversation.classifiers import Choice
    from agenthost.conversation.turns import Decision

__all__ = ["Explanation"]


@frozen
class Explanation:
    """The steps of a router's choice, without the answer of an agent.

    Args:
        decision: the choice. Without an agent, the router asks its question.
        tried: the decisions of classifiers, in order. Those below the thresholds do not count.
        choices: the agents to choose from.
        threshold: least confidence of a classifier.
        margin: least distance to the second choice.
        matter: the message without names of people and denied matters.
        says_nothing: whether the message says nothing of a matter.
        with_whom: the agent that has the conversation, or None.
        asked: the earlier message that is classified together with this one, or None.
    """

    decision: Decision
    tried: tuple[Decision, ...]
    choices: tuple[Choice, ...]
    threshold: float
    margin: float
    matter: str
    says_nothing: bool
    with_whom: str | None = None
    asked: str | None = None

    def counts(self, decision: Decision) -> bool:
        """Return True if a classifier's decision reaches the thresholds.

        Args:
            decision: the decision.
        """
        sure = decision.confidence >= self.threshold and decision.margin >= self.margin
        return sure and any(choice.agent == decision.agent for choice in self.choices)
