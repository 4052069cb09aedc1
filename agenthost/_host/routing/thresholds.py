"""Thresholds of a router, proposed from labelled messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost._host.telemetry.figures import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost._host.routing.labelled import Labelled
    from agenthost.conversation.turns import Decision

__all__ = ["Effect", "Judged", "effect", "proposed", "steps"]

_MARGINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)


@frozen
class Judged:
    """A classifier's decision about a message whose agent is known."""

    message: Labelled
    decision: Decision

    @property
    def right(self) -> bool:
        """True if the decision is the message's agent."""
        return self.decision.agent == self.message.agent


@frozen
class Effect:
    """The effect of two thresholds on labelled messages."""

    threshold: float
    margin: float
    messages: int
    decided: int
    right: int

    @property
    def share(self) -> float:
        """The share of decided messages."""
        return self.decided / self.messages if self.messages else 0.0

    @property
    def accuracy(self) -> float | None:
        """The share of correct decisions, or None if there are none."""
        return self.right / self.decided if self.decided else None

    def to_json(self) -> dict[str, Any]:
        """Return the figures, for ``--json``."""
        return {
            "threshold": self.threshold,
            "margin": self.margin,
            "messages": self.messages,
            "decided": self.decided,
            "right": self.right,
            "right_interval": [round(bound, 4) for bound in wilson(self.right, self.decided)] if self.decided else None,
        }


def effect(found: Sequence[Judged], threshold: float, margin: float) -> Effect:
    """Return the effect of thresholds."""
    decided = [
        each
        for each in found
        if each.decision.agent is not None and each.decision.confidence >= threshold and each.decision.margin >= margin
    ]
    return Effect(threshold, margin, len(found), len(decided), sum(each.right for each in decided))


def steps(found: Sequence[Judged], margin: float) -> list[Effect]:
    """Return the effect of each tenth of a threshold."""
    return [effect(found, tenth / 10, margin) for tenth in range(10)]


def proposed(found: Sequence[Judged], right: float) -> Effect | None:
    """Return the thresholds that decide most messages, or None if none are right often enough.

    Among equal ones, those with the lower margin and the higher threshold are proposed.
    """
    effects = [effect(found, step / 20, margin) for margin in _MARGINS for step in range(1, 20)]
    fitting = [each for each in effects if each.accuracy is not None and each.accuracy >= right]
    return max(fitting, key=lambda each: (each.decided, -each.margin, each.threshold), default=None)
