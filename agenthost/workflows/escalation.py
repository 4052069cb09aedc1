"""Escalation: agents that take over from each other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from attrs import evolve

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
    """Has the first agent answer, and the next one when something calls for it.

    That is so when a detector sees a reason in what the person says or in the answer, when the agent asks for it
    itself, and when it fails. The next agent finds the first answer and the reason in the notes of its turn. A
    conversation that has been escalated stays there, unless it was only because an agent failed.

    Args:
        name: the workflow's name.
        agents: at least two, the first one first.
        detectors: names of the escalation detectors that are asked; None asks all that there are.
        seconds: how long each agent may take.
        options: whatever ``AgentBase`` takes.

    Raises:
        DefinitionError: there is nobody to escalate to.
    """

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
        if len(self.agents) < 2:  # noqa: PLR2004 - one who answers, one who takes over
            msg = f"workflow {name!r}: an escalation needs at least two agents, the first one first."
            raise DefinitionError(msg)
        self.detectors = None if detectors is None else tuple(detectors)
        self.seconds = seconds

    async def respond(self, turn: Turn, team: Team) -> Reply:
        """Ask the agent of this conversation's level, and those above it while something calls for it."""
        last = len(self.agents) - 1
        began = stays = level = min(await self._level(team), last)
        if level < last and (signal := await signal_before(turn, team, self.detectors)):
            team.say(Escalated(team.workflow, self.agents[level], self.agents[level + 1], signal.reason))
            turn = handed_on(turn, signal, agent=team.workflow)
            stays = level = level + 1
        outcomes: list[Outcome] = []
        while True:
            agent = self.agents[level]
            outcome = await team.call(agent, turn, seconds=self.seconds, aloud=level == last)
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
        if reply is None:  # not reached: what is required has replied
            return Reply(team.workflow, "")
        unanswered = outcomes[-1].reply is None
        return evolve(
            reply,
            escalate=(outcomes[-1].reason or "no answer") if unanswered else reply.escalate,
            path=(),
            outcomes=tuple(outcomes),
        )

    async def _level(self, team: Team) -> int:
        """How far this conversation has been escalated."""
        try:
            level = await team.state.get(_LEVEL, 0)
        except StateUnavailable as error:
            _log.warning("%s begins with its first agent: %s", team.workflow, error)
            return 0
        return level if isinstance(level, int) and level >= 0 else 0

    async def _stay(self, team: Team, level: int) -> None:
        try:
            await team.state.set(_LEVEL, level)
        except StateUnavailable as error:
            _log.warning("%s does not remember who took over: %s", team.workflow, error)
