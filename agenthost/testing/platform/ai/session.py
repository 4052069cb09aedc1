"""The verb ``ai``: one session from its first turn to its summary."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from agenthost.conversation.models import Message
from agenthost.testing.platform.ai.calling import call_hook
from agenthost.testing.platform.ai.changes import change_context
from agenthost.testing.platform.ai.conversing import answer_user, run_actions, take_turns
from agenthost.testing.platform.ai.flow import Flow
from agenthost.testing.platform.ai.functions import include_functions, read_functions
from agenthost.testing.platform.ai.prompting import expanded
from agenthost.testing.platform.ai.reports import close, memory, post_debug_events
from agenthost.testing.platform.ai.state import Session
from agenthost.testing.platform.ai.timing import end_hold, pass_time
from agenthost.testing.platform.leg import HungUp, Stopped
from agenthost.testing.platform.script import Digits, HangUp, ModelSays, Says, Silence, Unhold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.leg import Leaving, Leg, Script
    from agenthost.testing.platform.script import Input

__all__ = ["run_ai"]

_MILLISECONDS_A_LETTER = 60
"""The speed of speech, with which the heard part of interrupted words is estimated."""


async def run_ai(leg: Leg, config: Mapping[str, Any], script: Script) -> Leaving | None:
    """Run an AI session. None goes on with the next verb."""
    room = leg.room
    room.sessions += 1
    if room.sessions > room.options.limits.sessions:
        leg.finding("loop_guard", "the call has too many AI sessions, so it is ended")
        return HungUp("loop_guard")
    outer, leg.session = leg.session, None
    before, leg.script = leg.script, script
    session = _opened(leg, config)
    leg.session = session
    leg.trace("session_start", session=room.sessions, functions=sorted(session.functions))
    await _begin(session)
    await post_debug_events(session)
    if session.ending is None:
        _drop_unused(leg)
    while session.ending is None:
        if not await _waited_for_others(session):
            await _take(session, await room.line.next())
        await post_debug_events(session)
    ending = session.ending
    leg.trace("session_end", cause=ending.cause if isinstance(ending, (HungUp, Stopped)) else "transfer")
    await close(session)
    await post_debug_events(session)
    leg.session, leg.script = outer, before
    if isinstance(ending, HungUp):
        _drop_unused(leg)
    if isinstance(ending, Stopped):
        leg.vars["ai_result"] = ending.cause
        return None
    return ending


def _opened(leg: Leg, config: Mapping[str, Any]) -> Session:
    params = config.get("params")
    session = Session(
        leg,
        config,
        leg.room.new_id(),
        leg.room.new_id() if leg.chat else leg.call_id,
        params if isinstance(params, dict) else {},
    )
    session.started = session.heard_at = session.nudged_at = leg.room.recorder.now
    if session.params.get("persist_global_data") is False:
        leg.global_data.clear()
    data = config.get("global_data")
    if isinstance(data, dict):
        leg.global_data.update(copy.deepcopy(data))
    swaig = config.get("SWAIG")
    session.functions = read_functions(leg, swaig if isinstance(swaig, dict) else {})
    prompt = config.get("prompt")
    contexts = prompt.get("contexts") if isinstance(prompt, dict) else config.get("contexts")
    session.flow = Flow.read(contexts)
    if session.flow is None and contexts:
        leg.finding("contexts", "the contexts have no steps, so they are ignored")
    return session


async def _begin(session: Session) -> None:
    """Do everything before the first word of the caller."""
    leg, config = session.leg, session.config
    swaig = config.get("SWAIG")
    if isinstance(swaig, dict):
        await include_functions(leg, swaig, session.functions)
    session.note("session_start")
    _seed_history(session)
    session.take_snapshot()
    await memory(session)
    flow = session.flow
    if flow is not None:
        if "default" not in flow.contexts and len(flow.contexts) > 1:
            leg.finding("contexts", f"there is no context 'default', so {flow.first!r} is the first"[:200])
        change_context(session, flow.first, "session_start")
    hook = await call_hook(session, "startup_hook")
    if hook is not None:
        if hook.response:
            session.add(Message("system", hook.response))
        await run_actions(session, hook)
    if session.ending is None:
        await _first_turn(session)


def _seed_history(session: Session) -> None:
    """Put the messages of the parameter ``convo`` before the conversation."""
    seeds = session.params.get("convo")
    for seed in seeds if isinstance(seeds, list) else ():
        role, content = (seed.get("role"), seed.get("content")) if isinstance(seed, dict) else (None, None)
        if role in {"user", "assistant", "system"} and isinstance(content, str):
            session.add(Message(role, content))


async def _first_turn(session: Session) -> None:
    greeting = session.params.get("static_greeting")
    if isinstance(greeting, str) and greeting:
        text = expanded(session, greeting)
        session.say(text, "static_greeting")
        session.add(Message("assistant", text))
        return
    room = session.leg.room
    waits = session.params.get("wait_for_user") is True or session.leg.chat
    nobody = room.line.turns is None and getattr(room.model, "offline", False)
    if not waits and not nobody:
        await take_turns(session)


async def _waited_for_others(session: Session) -> bool:
    """Run the calls dialled for a session on hold. Return True if it changed."""
    leg, hold = session.leg, session.hold
    if hold is None or not leg.room.dialled:
        return False
    await leg.run_dialled(leg)
    if leg.ended == "caller":
        session.end(HungUp("caller"))
    elif hold.released:
        await end_hold(session, expired=False)
    return leg.ended == "caller" or hold.released


async def _take(session: Session, item: Input) -> None:
    """Take one input of the person who drives the call."""
    leg, line = session.leg, session.leg.room.line
    if isinstance(item, HangUp):
        line.summary = item.summary
        session.end(HungUp("caller"))
        return
    line.turns = None if item.turns is None else list(item.turns)
    if session.hold is not None and not isinstance(item, (Silence, Unhold)):
        leg.trace("unheard", reason="the call is on hold")
        return
    match item:
        case Says():
            details = {"barge_after": item.barge_after, "confidence": item.confidence, "lang": item.lang}
            leg.trace("heard", text=item.text, **{key: value for key, value in details.items() if value is not None})
            _cut(session, item.barge_after)
            await answer_user(session, item.text)
        case Digits():
            leg.trace("heard", digits=item.digits)
            await answer_user(session, item.digits)
        case Silence():
            leg.trace("silence", milliseconds=item.milliseconds)
            await pass_time(session, item.milliseconds)
        case Unhold():
            await end_hold(session, expired=False)
        case ModelSays():
            session.silent = False
            await take_turns(session)
    if session.queued and session.ending is None and session.hold is None:
        await answer_user(session, session.queued.pop(0))
    if session.ending is None:
        _drop_unused(leg)


def _cut(session: Session, after: int | None) -> None:
    """Trace the part of the agent's last words that the caller did not hear."""
    words, session.last_words = session.last_words, ""
    if after is None or not words:
        return
    heard = max(after, 0) // _MILLISECONDS_A_LETTER
    if heard < len(words):
        session.leg.trace("cut", text=words, heard=words[:heard], after=after)


def _drop_unused(leg: Leg) -> None:
    """Drop scripted turns that nobody took. After a transfer, the next session takes them."""
    line = leg.room.line
    if line.turns:
        leg.finding("script_unused", f"{len(line.turns)} scripted turns of the model were not used")
        line.turns = []
