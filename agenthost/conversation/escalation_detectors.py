"""Escalation detectors: when somebody else should take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import frozen

if TYPE_CHECKING:
    from agenthost.conversation.turns import Outcome, Turn

__all__ = ["EscalationDetector", "Signal"]


@frozen
class Signal:
    """A reason why somebody else should take over.

    Args:
        detector: who says so, by name.
        reason: why, in a few words that a person may read.
    """

    detector: str
    reason: str


@runtime_checkable
class EscalationDetector(Protocol):
    """Looks at a turn, and at what became of it; one value serves all conversations, and keeps nothing of them."""

    @property
    def name(self) -> str:
        """What configuration calls it."""

    async def before(self, turn: Turn) -> Signal | None:
        """Whether a turn should not go to the first agent at all, from what was said; None when it may."""

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:
        """Whether somebody else should answer too, from what became of the turn; None when nobody has to."""
