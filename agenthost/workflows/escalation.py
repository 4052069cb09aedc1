"""Escalation: agents that take over from each other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve

from agenthost._error_words import message_of
from agenthost.conversation.turns import Escalated, Reply
from agenthost.errors import DefinitionError, StateUnavailable
from agenthost.workflows.branches import require
from agenthost.workflows.taking_over import handed_on, signal_after, signal_before
from agenthost.workflows.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.agent.base import AgentBase
    from agenthost.conversation.turns import Outcome, Turn
    from agenthost.workflows.team import Team

__all__ = ["Escalation"]

_LEVEL = "level"
_log = logging.getLogger("agenthost.workflows")


class Escalation(Workflow):
    """A workflow in which the next agent takes over when there is a reason.

    A reason is a detector's signal on the message or the answer, an agent that escalates itself, or an agent that
    fails. The next agent finds the previous answer and the reason in the notes of its turn. An escalated conversation
    stays with its agent, unless the only reason was a failure.

    Args:
        name: the workflow's name.
        agents: at least two agents, in the order of escalation.
        detectors: names of the escalation detectors. None uses all.
        seconds: timeout of each agent, in seconds.
        options: options of ``AgentBase``.

    Raises:
        DefinitionError: there is only one agent.
    """

    takes_client_tools: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        agents: Sequence[str | AgentBase],
        *,
        detectors: Sequence[str] | None = None,
        seconds: float = 30.0,
        **options: Any,
    ) -> None:
        super().__init__(name, agents, **options)
        if len(self.agents) < 2:  # noqa: PLR2004 - one that answers, one that takes over
            msg = f"workflow {name!r}: an escalation needs at least two agents. fix: name one that takes over."
            raise DefinitionError(msg)
        self.detectors = None if detectors is None else tuple(detectors)
        self.seconds = seconds

    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Call the agent of this conversation's level, and higher ones while there is a reason."""
        last = len(self.agents) - 1
        began = stays = level = min(await self._level(team), last)
        if level < last and (signal := await signal_before(turn, team, self.detectors)):
            team.say(Escalated(team.workflow, self.agents[level], self.agents[level + 1], signal.reason))
            turn = handed_on(turn, signal, agent=team.workflow)
            stays = level = level + 1
        outcomes: list[Outcome] = []
        while True:
            agent = self.agents[level]
            outcome = await team.call(agent, turn, seconds=self.seconds, aloud=True)
            outcomes.append(outcome)
            if level == last:
                break
            after = await signal_after(turn, outcome, team, self.detectors)
            if after is None:
                break
            team.say(Escalated(team.workflow, agent, self.agents[level + 1], after.reason))
            turn = handed_on(turn, after, outcome, agent)
            level += 1
            if outcome.reply is not None:
                stays = level
        if stays != began:
            await self._stay(team, stays)
        reply = require(1, outcomes)[-1].reply
        if reply is None:  # unreachable: a required outcome has a reply
            return Reply(team.workflow, "")
        unanswered = outcomes[-1].reply is None
        return evolve(
            reply,
            escalate=(outcomes[-1].reason or "no answer") if unanswered else reply.escalate,
            path=(),
            outcomes=tuple(outcomes),
        )

    async def _level(self, team: Team) -> int:
        """Return the level that this conversation has been escalated to."""
        try:
            level = await team.state.get(_LEVEL, 0)
        except StateUnavailable as error:
            _log.warning("%s starts with its first agent: %s", team.workflow, message_of(error))
            return 0
        return level if isinstance(level, int) and level >= 0 else 0

    async def _stay(self, team: Team, level: int) -> None:
        try:
            await team.state.set(_LEVEL, level)
        except StateUnavailable as error:
            _log.warning("%s cannot store which agent took over: %s", team.workflow, message_of(error))
