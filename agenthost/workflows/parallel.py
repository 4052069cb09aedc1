"""Parallel: several agents at once, with a combined answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost.conversation.models import Completion
from agenthost.errors import DefinitionError
from agenthost.workflows.branches import ask_all, require
from agenthost.workflows.synthesis import by_model, by_rule, named_gaps, reply_of
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.agent.base import AgentBase
    from agenthost.conversation.turns import Reply, Turn
    from agenthost.workflows.team import Team

__all__ = ["Parallel"]

_SYNTHESES = ("auto", "model", "rule")


class Parallel(Workflow):
    """A workflow that calls all agents at once and combines their answers.

    The answer names the agents that failed or took too long.

    Args:
        name: the workflow's name.
        agents: the agents.
        seconds: timeout of each agent, in seconds.
        minimum: least number of answers.
        enough: number of answers after which the others are cancelled. None waits for all.
        synthesis: ``model``, ``rule``, or ``auto``: by the model if a language model is configured.
        options: options of ``AgentBase``.

    Raises:
        DefinitionError: an argument is wrong.
    """

    def __init__(
        self,
        name: str,
        agents: Sequence[str | AgentBase],
        *,
        seconds: float = 20.0,
        minimum: int = 1,
        enough: int | None = None,
        synthesis: str = "auto",
        **options: Any,
    ) -> None:
        super().__init__(name, agents, **options)
        if synthesis not in _SYNTHESES:
            msg = f"workflow {name!r}: synthesis must be one of {', '.join(_SYNTHESES)}, not {synthesis!r}."
            raise DefinitionError(msg)
        most = len(self.agents)
        if not 1 <= minimum <= most or (enough is not None and not minimum <= enough <= most):
            msg = f"workflow {name!r}: minimum and enough count its agents: 1 <= minimum <= enough <= {most}."
            raise DefinitionError(msg)
        self.seconds = seconds
        self.minimum = minimum
        self.enough = enough
        self.synthesis = synthesis

    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Call all agents, and combine their answers."""
        asks = self.synthesis == "model" or (self.synthesis == "auto" and team.has_model)
        options = turn.options.for_a_part() if asks else evolve(turn.options, answer_schema=None)
        told = evolve(turn, options=options)
        outcomes = await ask_all(team, self.agents, told, seconds=self.seconds, enough=self.enough)
        there = require(self.minimum, outcomes)
        made = await by_model(turn, there, team) if asks else Completion(by_rule(there))
        text = "\n\n".join(part for part in (made.text, named_gaps(outcomes)) if part)
        return reply_of(team, evolve(made, text=text), there, outcomes)
