"""Branches: calls of several agents at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agenthost.conversation.turns import Outcome, Status
from agenthost.errors import Unanswered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.conversation.turns import Turn
    from agenthost.workflows.team import Team

__all__ = ["answered", "ask_all", "gaps", "require"]

_TO_FINISH = 0.75
"""Share of the turn's remaining time for its branches. The rest is for combining their answers."""


async def ask_all(
    team: Team, agents: Sequence[str], turn: Turn, *, seconds: float, enough: int | None = None
) -> tuple[Outcome, ...]:
    """Send a turn to several agents at once.

    Args:
        team: the team of the workflow.
        agents: the names of the agents.
        turn: the turn.
        seconds: timeout of each agent, in seconds.
        enough: number of answers after which the others are cancelled. None waits for all.

    Returns:
        The outcome of each, in the order of ``agents``.
    """
    seconds = min(seconds, team.remaining.seconds * _TO_FINISH)
    tasks = [asyncio.ensure_future(team.call(agent, turn, seconds=seconds)) for agent in agents]
    pending = set(tasks)
    good = 0
    try:
        while pending and (enough is None or good < enough):
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            good += sum(task.result().status is Status.OK for task in done)
    finally:
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
    reason = "enough others had answered"
    return tuple(
        Outcome(agent, Status.CANCELLED, reason=reason) if task.cancelled() else task.result()
        for agent, task in zip(agents, tasks, strict=True)
    )


def answered(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Select the outcomes with words, or with tool calls for the client."""
    there = [(each, each.reply) for each in outcomes if each.status is Status.OK]
    return [each for each, reply in there if reply is not None and (reply.text.strip() or reply.client_calls)]


def gaps(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Select the outcomes whose answer is missing, except cancelled ones."""
    there = answered(outcomes)
    return [each for each in outcomes if each not in there and each.status is not Status.CANCELLED]


def require(minimum: int, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Select the outcomes with an answer, and require a minimum.

    Args:
        minimum: the least number of answers.
        outcomes: all outcomes.

    Raises:
        Unanswered: there are fewer answers.
    """
    there = answered(outcomes)
    if len(there) < minimum:
        missing = "; ".join(f"{each.agent}: {each.reason or 'empty answer'}" for each in gaps(outcomes))
        msg = f"{len(there)} of {len(outcomes)} agents answered, at least {minimum} must ({missing})"
        raise Unanswered(msg)
    return there
