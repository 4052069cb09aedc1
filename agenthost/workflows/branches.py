"""Branches: several agents asked at once."""

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
"""The share of what a turn has left that its branches may use up, so that something can be made of their answers."""


async def ask_all(
    team: Team, agents: Sequence[str], turn: Turn, *, seconds: float, enough: int | None = None
) -> tuple[Outcome, ...]:
    """Ask several agents the same at once.

    Args:
        team: who calls them.
        agents: their names.
        turn: what they are asked.
        seconds: how long each may take.
        enough: after so many answers the others are cancelled; None waits for all.

    Returns:
        What became of each, in the order of ``agents``.
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
    """Those with an answer that says something."""
    return [
        each for each in outcomes if each.status is Status.OK and each.reply is not None and each.reply.text.strip()
    ]


def gaps(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those whose answer is missing; one that was cancelled because others had answered is not missed."""
    there = answered(outcomes)
    return [each for each in outcomes if each not in there and each.status is not Status.CANCELLED]


def require(minimum: int, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those with an answer.

    Args:
        minimum: how many there have to be.
        outcomes: what became of all.

    Raises:
        Unanswered: there are fewer.
    """
    there = answered(outcomes)
    if len(there) < minimum:
        missing = "; ".join(f"{each.agent}: {each.reason or 'said nothing'}" for each in gaps(outcomes))
        msg = f"{len(there)} of {len(outcomes)} agents answered, and {minimum} should have ({missing})"
        raise Unanswered(msg)
    return there
