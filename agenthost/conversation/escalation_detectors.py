"""Escalation detectors: the reasons for another agent or a person to take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import frozen

if TYPE_CHECKING:
    from agenthost.conversation.turns import Outcome, Turn

__all__ = ["EscalationDetector", "Signal"]


@frozen
class Signal:
    """A reason for another agent or a person to take over.

    Args:
        detector: the name of the detector.
        reason: the reason, in a few words.
    """

    detector: str
    reason: str


@runtime_checkable
class EscalationDetector(Protocol):
    """A function that examines turns and their outcomes.

    One value serves all conversations, and stores nothing of them.
    """

    @property
    def name(self) -> str:
        """The detector's name in the configuration."""

    async def before(self, turn: Turn) -> Signal | None:
        """Return a signal if a message should skip the first agent."""

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:
        """Return a signal if another agent should answer too."""
