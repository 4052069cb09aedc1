"""Silence: the only thing that moves the clock, and that fires time-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.testing.platform.ai.actions import hold_seconds as hold_seconds  # noqa: PLC0414 - one rule of durations
from agenthost.testing.platform.ai.changes import change_step
from agenthost.testing.platform.ai.conversing import take_turns
from agenthost.testing.platform.leg import Stopped

if TYPE_CHECKING:
    from agenthost.testing.platform.ai.state import Session

__all__ = ["end_hold", "pass_time"]

_LONGEST = 7_200_000
_MOST_NUDGES = 20
_USUAL_ATTENTION = 5_000
_USUAL_INACTIVITY = 600_000


async def pass_time(session: Session, milliseconds: int) -> None:
    """Let time pass in silence, and fire what falls due."""
    recorder = session.leg.room.recorder
    end = recorder.now + max(0, min(milliseconds, _LONGEST))
    for _ in range(_MOST_NUDGES):
        due = _due(session, end)
        if due is None:
            break
        recorder.now, event = due
        await _fire(session, event)
        if session.ending is not None:
            return
    recorder.now = max(recorder.now, end)


async def end_hold(session: Session, *, expired: bool) -> None:
    """End a hold, and give the model its turn."""
    hold, session.hold = session.hold, None
    if hold is None:
        return
    session.leg.trace("hold_ended", expired=expired)
    step = hold.timeout_step if expired else hold.step
    if step:
        change_step(session, step, "webhook_action")
    session.heard_at = session.nudged_at = session.leg.room.recorder.now
    await take_turns(session)


def _due(session: Session, end: int) -> tuple[int, str] | None:
    """Return the next time-out until a time, or None."""
    now = session.leg.room.recorder.now
    times: list[tuple[int, str]] = []
    if session.hold is not None:
        times.append((session.hold.until, "hold"))
    else:
        if attention := _parameter(session, "attention_timeout", _USUAL_ATTENTION):
            times.append((session.nudged_at + attention, "attention"))
        if inactivity := _parameter(session, "inactivity_timeout", _USUAL_INACTIVITY):
            times.append((session.heard_at + inactivity, "inactivity"))
    hard = session.params.get("hard_stop_time")
    if hard is not None:
        seconds = hold_seconds(hard) if isinstance(hard, str) else hard
        if isinstance(seconds, int) and seconds > 0:
            times.append((session.started + seconds * 1000, "hard_stop"))
    due = [(max(at, now), event) for at, event in times if at <= end]
    return min(due) if due else None


async def _fire(session: Session, event: str) -> None:
    leg = session.leg
    match event:
        case "hold":
            await end_hold(session, expired=True)
        case "attention":
            session.nudged_at = leg.room.recorder.now
            leg.trace("attention_timeout")
            session.note("attention_timeout")
            await take_turns(session)
        case _:
            leg.trace(event)
            session.end(Stopped(event))


def _parameter(session: Session, name: str, usual: int) -> int:
    value: Any = session.params.get(name, usual)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
