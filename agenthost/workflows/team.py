"""Team: what a workflow works with while it answers one turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.conversation.classifiers import Choice, Classifier, ClassifierTools
    from agenthost.conversation.escalation_detectors import EscalationDetector
    from agenthost.conversation.models import Completion, ModelRequest
    from agenthost.conversation.turns import Event, Outcome, Turn
    from agenthost.state import Store

__all__ = ["Remaining", "Team"]


@frozen
class Remaining:
    """What is left of a turn.

    Args:
        seconds: until its deadline.
        calls: calls of agents that may still begin.
        tokens: tokens that models may still take.
    """

    seconds: float
    calls: int
    tokens: int


class Team(Protocol):
    """The agents of a workflow, for one turn of one conversation.

    The host makes one for each turn that a workflow answers, and nothing of it is used again. Whatever is called
    through it shares the turn's deadline and budget.
    """

    @property
    def workflow(self) -> str:
        """The workflow's own key."""

    @property
    def remaining(self) -> Remaining:
        """What is left of the turn."""

    @property
    def has_model(self) -> bool:
        """Whether there is a language model that can be asked for more than an agent's own answer."""

    @property
    def state(self) -> Store:
        """What this workflow keeps of this conversation, for a day after it was last written."""

    def choices(self, names: Sequence[str] | None = None) -> tuple[Choice, ...]:
        """The workflow's agents that are served, by key; those of ``names`` alone where it is given, in that order."""

    def classifier(self, name: str | None = None) -> Classifier | None:
        """The classifier of a name, or the host's own choice; None where there is none."""

    def classifier_tools(self) -> ClassifierTools:
        """What a classifier may use for this turn."""

    def detectors(self, names: Sequence[str] | None = None) -> tuple[EscalationDetector, ...]:
        """The escalation detectors of some names, or all; names that nobody has are left out."""

    def say(self, event: Event) -> None:
        """Tell whoever listens to the turn what happens."""

    async def call(self, agent: str, turn: Turn, *, seconds: float | None = None, aloud: bool = False) -> Outcome:
        """Have an agent answer a turn; never raises for what becomes of it.

        Args:
            agent: the agent, by key or name.
            turn: what it is asked.
            seconds: how long it may take; never longer than the turn has left.
            aloud: whether its words are the workflow's own answer, so that listeners hear them as they come.
        """

    async def complete(self, request: ModelRequest) -> Completion:
        """Ask the language model.

        Raises:
            ModelError: it gives no usable answer.
            BudgetSpent: the turn has no tokens or no time left.
        """
