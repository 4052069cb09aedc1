"""The built-in escalation detectors.

Phrases match whole words, unless the same clause denies them: "I don't need a supervisor" is not an escalation, "No, I
need a supervisor" is one. The words, in English and Spanish, are imported with the first turn.
"""

# ruff: noqa: PLC0415 - a host of voice calls does without

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost import EscalationDetector, Signal, hookimpl

if TYPE_CHECKING:
    import re

    from agenthost import Outcome, Turn

__all__ = [
    "Anger",
    "Failure",
    "LowConfidence",
    "Phrases",
    "RepeatContact",
    "StructuredSignal",
    "escalation_detectors",
]


@hookimpl
def escalation_detectors() -> list[EscalationDetector]:
    """Offer the six detectors, each with its defaults."""
    return [StructuredSignal(), Phrases(), Failure(), LowConfidence(), RepeatContact(), Anger()]


@frozen
class StructuredSignal:
    """Detects that the agent itself escalates, by a tool's result or ``Reply.escalate``."""

    name: str = "signal"

    async def before(self, turn: Turn) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only answers count."""
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect an escalation in the reply."""
        reason = outcome.reply.escalate if outcome.reply is not None else None
        return None if reason is None else Signal(self.name, reason or "the agent escalates")


@frozen
class Phrases:
    """Detects that the customer asks for a person, or that the agent gives up.

    Args:
        more: further phrases of customers, matched as whole words in any case.
    """

    name: str = "phrases"
    more: tuple[str, ...] = ()
    _more: tuple[re.Pattern[str], ...] = field(default=(), init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.more:
            from agenthost.builtin.escalating.wording import whole_words

            object.__setattr__(self, "_more", whole_words(self.more))

    async def before(self, turn: Turn) -> Signal | None:
        """Detect a customer who asks for a person."""
        from agenthost.builtin.escalating import wording

        said = wording.asks_for_person(turn.text) or wording.first(self._more, wording.plain(turn.text))
        return None if said is None else Signal(self.name, f"the customer says: {said}")

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect an agent that gives up."""
        if outcome.reply is None:
            return None
        from agenthost.builtin.escalating.wording import gives_up

        said = gives_up(outcome.reply.text)
        return None if said is None else Signal(self.name, f"the agent says: {said}")


@frozen
class Failure:
    """Detects that the agent failed or was too slow."""

    name: str = "failure"

    async def before(self, turn: Turn) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only answers count."""
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect an error or a timeout. A cancelled or skipped agent has not failed."""
        from agenthost import Status

        if outcome.status is Status.TIMEOUT:
            return Signal(self.name, f"{outcome.agent} did not answer in time")
        if outcome.status is Status.ERROR:
            return Signal(self.name, f"{outcome.agent} failed")
        return None


@frozen
class LowConfidence:
    """Detects that the agent is not confident enough.

    Args:
        below: the least confidence that is enough, 0 to 1.
    """

    name: str = "low_confidence"
    below: float = 0.4

    async def before(self, turn: Turn) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only answers count."""
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect a low confidence. A reply without a confidence counts as confident."""
        sure = outcome.reply.confidence if outcome.reply is not None else None
        return None if sure is None or sure >= self.below else Signal(self.name, f"the agent is {sure:.0%} sure")


@frozen
class RepeatContact:
    """Detects a customer who contacts again about the same matter, or repeats a message.

    Args:
        times: number of similar messages before this one, in this conversation.
    """

    name: str = "repeat_contact"
    times: int = 2

    async def before(self, turn: Turn) -> Signal | None:
        """Detect the words for it, or a message that repeats earlier ones."""
        from agenthost.builtin.escalating import wording

        if said := wording.comes_again(turn.text):
            return Signal(self.name, f"the customer says: {said}")
        words = wording.words(turn.text)
        said_before = (wording.words(message.content) for message in turn.history if message.role == "user")
        same = sum(wording.alike(words, each) for each in said_before)
        if same >= self.times:
            return Signal(self.name, f"the customer says the same for the {same + 1}. time")
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only the customer's messages count."""
        return None


@frozen
class Anger:
    """Detects anger, by words or by capitals with exclamation marks."""

    name: str = "anger"

    async def before(self, turn: Turn) -> Signal | None:
        """Detect angry words or shouting."""
        from agenthost.builtin.escalating import wording

        if said := wording.is_angry(turn.text):
            return Signal(self.name, f"the customer says: {said}")
        if wording.shouts(turn.text):
            return Signal(self.name, "the customer shouts")
        return None

    async def after(self, turn: Turn, outcome: Outcome) -> Signal | None:  # noqa: ARG002
        """Detect nothing, as only the customer's messages count."""
        return None
