"""Taking over: the reasons for another agent to answer, and its turn."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from attrs import evolve

from agenthost.conversation.escalation_detectors import Signal
from agenthost.conversation.turns import Note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from agenthost.conversation.turns import Outcome, Turn
    from agenthost.workflows.team import Team

__all__ = ["handed_on", "signal_after", "signal_before"]

_log = logging.getLogger("agenthost.workflows")


async def signal_before(turn: Turn, team: Team, names: Sequence[str] | None) -> Signal | None:
    """Return the first detector's signal on a message, before an agent answers."""
    for detector in team.detectors(names):
        if signal := await _signal(detector.name, detector.before(turn)):
            return signal
    return None


async def signal_after(turn: Turn, outcome: Outcome, team: Team, names: Sequence[str] | None) -> Signal | None:
    """Return the reason for another agent to answer too, or None."""
    if outcome.reply is None:
        return Signal("failure", outcome.reason or "no answer")
    if outcome.reply.escalate is not None:
        return Signal("asked", outcome.reply.escalate)
    if outcome.reply.client_calls is not None:
        return None
    for detector in team.detectors(names):
        if signal := await _signal(detector.name, detector.after(turn, outcome)):
            return signal
    return None


def handed_on(turn: Turn, signal: Signal, outcome: Outcome | None = None, agent: str = "") -> Turn:
    """Return the turn for the next agent.

    It contains what was said and done before, and the reason.

    Args:
        turn: the turn.
        signal: the reason.
        outcome: the outcome of the previous agent.
        agent: the previous agent, or the workflow if none was called.
    """
    notes = [*turn.notes, *(outcome.done if outcome is not None else ())]
    if outcome is not None and outcome.reply is not None and outcome.reply.text:
        notes.append(Note(agent, "answer", outcome.reply.text))
    notes.append(Note(agent, "reason", signal.reason))
    return evolve(turn, notes=tuple(notes))


async def _signal(name: str, question: Awaitable[Signal | None]) -> Signal | None:
    """Return a detector's signal, or None if the detector fails."""
    try:
        return await question
    except Exception:  # noqa: BLE001 - a plugin's code
        _log.exception("escalation detector %s failed", name)
        return None
