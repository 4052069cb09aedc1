"""Workflow: several agents that answer as one, and are an agent themselves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from agenthost.agent.base import AgentBase, declared
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.conversation.classifiers import Choice
    from agenthost.conversation.turns import Reply, Turn
    from agenthost.workflows.team import Team

__all__ = ["Workflow", "names_of"]


class Workflow(AgentBase):
    """Several agents acting as one: an agent whose answers come from ``respond``.

    It serves many conversations at once, so ``respond`` keeps nothing on ``self``: what it needs comes with the turn
    and the team, and what it wants to remember it writes to ``team.state``.

    Args:
        name: the workflow's name, as other agents and people call it.
        agents: those that take part: keys of agents on the same host, or agents of the same program.
        options: whatever ``AgentBase`` takes.

    Raises:
        DefinitionError: no agent is named, or something that is no agent.
    """

    def __init__(self, name: str, agents: Sequence[str | AgentBase], **options: Any) -> None:
        if type(self).__module__.startswith("agenthost.workflows."):
            options.setdefault("description", "")  # what its class does is not what this one is for
        super().__init__(name, **options)
        self.agents = names_of(name, agents)

    @abstractmethod
    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Answer a turn.

        Args:
            turn: what was said, and what is known.
            team: the agents, the model, and what is left of time and budget.

        Raises:
            Unanswered: there is no answer.
        """

    @property
    def members(self) -> tuple[str, ...]:
        """Every agent that it may call, each once."""
        return tuple(dict.fromkeys(self.agents))

    def meet(self, choices: Sequence[Choice]) -> None:
        """Describe its agents on the call; called once, before the workflow is mounted.

        Args:
            choices: those of its agents that are served.
        """


def names_of(workflow: str, agents: Sequence[str | AgentBase]) -> tuple[str, ...]:
    """The names of agents that a workflow is made of.

    Raises:
        DefinitionError: there are none, or one of them is neither a name nor an agent.
    """
    if isinstance(agents, str) or not agents:
        msg = f'workflow {workflow!r}: agents must be a list of agents, such as ["support", "sales"], not {agents!r}.'
        raise DefinitionError(msg)
    names = [declared(agent).name if isinstance(agent, AgentBase) else agent for agent in agents]
    for name in names:
        if not isinstance(name, str) or not name.strip():
            msg = f"workflow {workflow!r}: an agent is named by its key or given itself, not as {name!r}."
            raise DefinitionError(msg)
    return tuple(names)
