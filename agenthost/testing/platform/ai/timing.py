"""Silence: the only thing that moves the clock, and that fires time-outs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from agenthost.testing.platform.ai.actions import hold_seconds as hold_seconds  # noqa: PLC0414 - one rule of durations
from agenthost.testing.platform.ai.changes import change_step
from agenthost.testing.platform.ai.conversing import answer_user, take_turns
from agenthost.testing.platform.leg import Stopped

if TYPE_CHECKING:
    from agenthost.testing.platform.ai.state import Session

__all__ = ["end_hold", "pass_time"]

_LONGEST = 7_200_000
_MOST_NUDGES = 20
"""Events of one kind in one silence: more of the same tells nothing."""
_MOST_EVENTS = 100
_USUAL_POLL = 2_000
_HOOK = "check_for_input"
"""The function that is polled for input from elsewhere."""
_POLL_TIMEOUT = 15.0
_MOST_MESSAGES = 20
_USUAL_ATTENTION = 5_000
_USUAL_INACTIVITY = 600_000


async def pass_time(session: Session, milliseconds: int) -> None:
    """Let time pass in silence, and fire what falls due."""
    recorder = session.leg.room.recorder
    end = recorder.now + max(0, min(milliseconds, _LONGEST))
    fired: Counter[str] = Counter()
    for _ in range(_MOST_EVENTS):
        due = _due(session, end, {event for event, times in fired.items() if times >= _MOST_NUDGES})
        if due is None:
            break
        recorder.now, event = due
        fired[event] += 1
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


def _due(session: Session, end: int, over: set[str]) -> tuple[int, str] | None:
    """Return the next event until a time, without the kinds that are over."""
    now = session.leg.room.recorder.now
    times: list[tuple[int, str]] = []
    if session.hold is not None:
        times.append((session.hold.until, "hold"))
    else:
        if attention := _parameter(session, "attention_timeout", _USUAL_ATTENTION):
            times.append((session.nudged_at + attention, "attention"))
        if inactivity := _parameter(session, "inactivity_timeout", _USUAL_INACTIVITY):
            times.append((session.heard_at + inactivity, "inactivity"))
        if _has_input_hook(session) and (poll := _parameter(session, "input_poll_freq", _USUAL_POLL)):
            times.append((max(session.polled_at, session.heard_at) + poll, "poll"))
    hard = session.params.get("hard_stop_time")
    if hard is not None:
        seconds = hold_seconds(hard) if isinstance(hard, str) else hard
        if isinstance(seconds, int) and seconds > 0:
            times.append((session.started + seconds * 1000, "hard_stop"))
    due = [(max(at, now), event) for at, event in times if at <= end and event not in over]
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
            session.unanswered = True
            try:
                await take_turns(session)
            finally:
                session.unanswered = False
        case "poll":
            session.polled_at = leg.room.recorder.now
            for text in await _poll_input(session):
                await answer_user(session, text)
        case _:
            leg.trace(event)
            session.end(Stopped(event))


def _parameter(session: Session, name: str, usual: int) -> int:
    value: Any = session.params.get(name, usual)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _has_input_hook(session: Session) -> bool:
    """Return True if the session has a function that is polled for input."""
    function = session.functions.get(_HOOK)
    return function is not None and function.active and bool(function.url)


async def _poll_input(session: Session) -> list[str]:
    """Ask the host for new input, and return its texts."""
    leg = session.leg
    own = session.params.get("conversation_id")
    conversation = own if isinstance(own, str) and not leg.chat else leg.call_id
    body = {"function": _HOOK, "call_id": session.runtime_id, "conversation_id": conversation}
    delivered = await leg.room.delivery.post(_HOOK, session.functions[_HOOK].url, body, timeout=_POLL_TIMEOUT)
    try:
        answer = delivered.response.json() if delivered.response is not None else None
    except ValueError:
        answer = None
    texts = _texts(answer)
    leg.trace("input_poll", status=delivered.status, messages=texts)
    if delivered.status != 200:
        leg.finding(_HOOK, f"the poll for input failed: {delivered.failure or delivered.status}")
    return texts


def _texts(answer: Any) -> list[str]:
    messages = answer.get("messages") if isinstance(answer, dict) and answer.get("new_input") is True else None
    found = []
    for message in messages[:_MOST_MESSAGES] if isinstance(messages, list) else ():
        text = message.get("content", message.get("text")) if isinstance(message, dict) else message
        if isinstance(text, str) and text:
            found.append(text)
    return found
