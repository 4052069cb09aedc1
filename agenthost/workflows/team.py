"""Team: the interface of a workflow to its agents, for one turn."""

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
    """The remaining budget of a turn.

    Args:
        seconds: seconds until its deadline.
        calls: remaining calls of agents.
        tokens: remaining tokens of models.
        hops: remaining depth of calls between agents.
    """

    seconds: float
    calls: int
    tokens: int
    hops: int = 0


class Team(Protocol):
    """The agents of a workflow, for one turn of one conversation.

    The host makes a team for each turn of a workflow, and never reuses it. All calls share the turn's deadline and
    budget.
    """

    @property
    def workflow(self) -> str:
        """The workflow's own key."""

    @property
    def remaining(self) -> Remaining:
        """The remaining budget of the turn."""

    @property
    def has_model(self) -> bool:
        """True if a language model is configured."""

    @property
    def state(self) -> Store:
        """The workflow's state in this conversation, kept for a day after the last write."""

    def choices(self, names: Sequence[str] | None = None) -> tuple[Choice, ...]:
        """Return the served agents of the workflow, by key, optionally those of ``names``."""

    def classifier(self, name: str | None = None) -> Classifier | None:
        """Return a classifier by name, or the host's choice, or None."""

    def classifier_tools(self) -> ClassifierTools:
        """Return the tools of a classifier for this turn."""

    def detectors(self, names: Sequence[str] | None = None) -> tuple[EscalationDetector, ...]:
        """Return the escalation detectors of some names, or all. Unknown names are ignored."""

    def say(self, event: Event) -> None:
        """Send an event to the listeners of the turn."""

    async def call(self, agent: str, turn: Turn, *, seconds: float | None = None, aloud: bool = False) -> Outcome:
        """Call an agent.

        A failure of the agent is an outcome, never an exception.

        Args:
            agent: key, name or route of the agent.
            turn: the turn.
            seconds: timeout in seconds, at most the remaining time of the turn.
            aloud: whether its words are the workflow's own answer, and are streamed to listeners.
        """

    async def complete(self, request: ModelRequest, *, aloud: bool = False) -> Completion:
        """Send a request to the language model.

        Args:
            request: the request.
            aloud: whether its words are the workflow's own answer, and are streamed to listeners.

        Raises:
            ModelError: the model gives no usable answer.
            BudgetSpent: the turn has no tokens or no time left.
        """
