"""A call of an agent in progress: its budget, its usage and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from agenthost._host.text.calling.tool_runs import DoneBefore, Progress, ToolRuns
from agenthost.conversation.models import Usage
from agenthost.conversation.turns import Said
from agenthost.errors import BudgetSpent, ModelError, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.text.calling.budget import Budget
    from agenthost.conversation.turns import Event, Listener, Reply, Turn
    from agenthost.hosting import TurnSteps

__all__ = ["APART", "AgentCall"]

APART = "\n\n"
"""The words between the answers of two agents."""


@define(eq=False)
class AgentCall:
    """A call of an agent in progress."""

    plan: HostPlan
    agent: Mounted
    turn: Turn
    budget: Budget
    deadline: float
    listen: Listener
    hops: int = 0
    aloud: bool = True
    over: bool = False
    below: list[AgentCall] = field(factory=list)
    own: Usage = field(factory=Usage)
    error: BaseException | None = None
    escalated: bool = False
    said: str = ""
    apart: bool = False
    """True if its words follow those of another agent."""
    runs: ToolRuns = field(factory=ToolRuns)
    progress: Progress = field(kw_only=True)
    done_before: DoneBefore = field(kw_only=True)
    steps: TurnSteps | None = field(kw_only=True, default=None)

    @property
    def usage(self) -> Usage:
        """The usage so far, including all calls below."""
        return sum((call.usage for call in self.below), self.own)

    @property
    def model_error(self) -> ModelError | None:
        """The error of a language model below, if any, preferably one that may pass."""
        errors = [call.model_error or call.error for call in self.below]
        faults = [error for error in errors if isinstance(error, ModelError)]
        return next((error for error in faults if isinstance(error, ModelUnavailable)), faults[0] if faults else None)

    @property
    def path(self) -> tuple[str, ...]:
        """Its agent and the agents below it, in order of their calls."""
        return (self.agent.key, *(key for call in self.below for key in call.path))

    def cut_off(self) -> None:
        """Prevent any further calls."""
        self.over = True

    def begin(self) -> None:
        """Check the budget before a request to a language model.

        Raises:
            BudgetSpent: the budget is spent.
        """
        if self.over:
            raise BudgetSpent(f"the call of {self.agent.key} has been cut off.")
        self.budget.begin()

    def spent(self, usage: Usage) -> None:
        """Count the usage of a request."""
        self.own += usage
        self.budget.spent(usage)

    async def store(self) -> None:
        """Store the tool calls of the turn so far."""
        await self.progress.store()

    def had_effects(self, effects: Mapping[str, str]) -> None:
        """Add the effects of the tool that has just ended."""
        if not self.over:
            self.progress.had_effects(effects)

    def store_soon(self) -> None:
        """Store them in a moment, unless the turn ends first."""
        self.progress.store_soon()

    def hear(self, event: Event) -> None:
        """Pass an event on. Words are passed on only if they are the turn's own."""
        if self.over:
            return
        if isinstance(event, Said):
            if not self.aloud:
                return
            if self.apart and event.text.strip():
                self.apart = False
                self.listen(Said(event.agent, APART))
            self.said += event.text
        self.runs.add(event)
        self.listen(event)

    def say_the_rest(self, reply: Reply) -> None:
        """Send the part of a reply's text that was not streamed."""
        if self.said.endswith(reply.text):
            return
        begun = reply.text.startswith(self.said)  # if not, one agent began to speak, and another one answers
        self.hear(Said(reply.agent, reply.text[len(self.said) :] if begun else f"\n\n{reply.text}"))
