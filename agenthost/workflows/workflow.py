"""Workflow: several agents that act as one."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from agenthost.agent.base import AgentBase, declared
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.conversation.classifiers import Choice
    from agenthost.conversation.turns import Reply, Turn
    from agenthost.workflows.team import Team

__all__ = ["Workflow", "names_of"]


class Workflow(AgentBase):
    """An agent whose answers come from other agents, through ``respond``.

    A workflow serves many conversations at once, so ``respond`` keeps nothing on ``self``. Its input is the turn and
    the team, and ``team.state`` stores state between turns.

    Args:
        name: the workflow's name.
        agents: keys, names or routes of agents on the same host, or agents of the same program.
        options: options of ``AgentBase``.

    Raises:
        DefinitionError: there are no agents, or something else is among them.
    """

    takes_client_tools: ClassVar[bool] = False
    """True if a turn may go on with the agent that calls a tool of the client, without the workflow."""

    def __init__(self, name: str, agents: Sequence[str | AgentBase], **options: Any) -> None:
        if type(self).__module__.startswith("agenthost.workflows."):
            options.setdefault("description", "")  # the docstring of a built-in class does not describe this workflow
        super().__init__(name, **options)
        self.agents = names_of(name, agents)

    @abstractmethod
    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Answer a turn.

        Args:
            turn: the message, its history and its context.
            team: the agents, the model, and the remaining time and budget.

        Raises:
            Unanswered: there is no answer.
        """

    @property
    def members(self) -> tuple[str, ...]:
        """Every agent that the workflow may call, each once."""
        return tuple(dict.fromkeys(self.agents))

    def meet(self, choices: Sequence[Choice]) -> None:
        """Describe the agents to the model of the call.

        The host calls this once, before the workflow is mounted.

        Args:
            choices: the served agents of the workflow.
        """


def names_of(workflow: str, agents: Sequence[str | AgentBase]) -> tuple[str, ...]:
    """Return the names of a workflow's agents.

    Raises:
        DefinitionError: there are none, or one is neither a name nor an agent.
    """
    if isinstance(agents, str) or not agents:
        msg = f'workflow {workflow!r}: agents must be a list of agents, such as ["support", "sales"], not {agents!r}.'
        raise DefinitionError(msg)
    names = [declared(agent).name if isinstance(agent, AgentBase) else agent for agent in agents]
    for name in names:
        if not isinstance(name, str) or not name.strip():
            msg = f"workflow {workflow!r}: each agent must be a key or an agent, not {name!r}."
            raise DefinitionError(msg)
    return tuple(names)
