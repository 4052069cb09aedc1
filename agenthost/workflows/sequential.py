"""Sequential: agents one after the other, each with the earlier results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost.conversation.turns import Note, Reply, Status
from agenthost.workflows.branches import require
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.agent.base import AgentBase
    from agenthost.conversation.turns import Outcome, Turn
    from agenthost.workflows.team import Team

__all__ = ["Sequential"]


class Sequential(Workflow):
    """A workflow that calls agents one after the other.

    Each agent finds the earlier results in the notes of its turn, and the last answer is the workflow's. An agent
    without an answer leaves a note with the reason, and the chain goes on. An agent that hands over or escalates ends
    the chain.

    Args:
        name: the workflow's name.
        agents: the agents, in order.
        seconds: timeout of each agent, in seconds.
        strict: whether the workflow fails if one agent does not answer.
        options: options of ``AgentBase``.
    """

    def __init__(
        self,
        name: str,
        agents: Sequence[str | AgentBase],
        *,
        seconds: float = 30.0,
        strict: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(name, agents, **options)
        self.seconds = seconds
        self.strict = strict

    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Call all agents, in order."""
        outcomes: list[Outcome] = []
        notes = list(turn.notes)
        last: Reply | None = None
        for number, agent in enumerate(self.agents, 1):
            last_step = number == len(self.agents)
            options = turn.options if last_step else turn.options.for_a_part()
            told = evolve(turn, notes=tuple(notes), options=options)
            outcome = await team.call(agent, told, seconds=self.seconds, aloud=last_step)
            outcomes.append(outcome)
            if outcome.status is Status.OK and outcome.reply is not None:
                last = outcome.reply
                notes.append(Note(agent, "result", last.text))
                if last.handed_to is not None or last.escalate is not None:
                    break
            else:
                notes += (*outcome.done, Note(agent, "reason", f"no result: {outcome.reason}"))
                if self.strict:
                    break
        require(len(outcomes) if self.strict else 1, outcomes)
        if last is None:  # unreachable: require has seen an answer
            return Reply(team.workflow, "")
        return evolve(last, path=(), outcomes=tuple(outcomes))
