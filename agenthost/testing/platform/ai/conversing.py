"""Turns of the model: words, function calls, their results and their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.conversation.models import Completion, Message
from agenthost.testing.platform.ai.actions import apply_actions
from agenthost.testing.platform.ai.calling import call_function
from agenthost.testing.platform.ai.payload import written
from agenthost.testing.platform.ai.prompting import expanded, model_request
from agenthost.testing.platform.leg import HungUp
from agenthost.testing.platform.script import FunctionCall, ModelTurn

if TYPE_CHECKING:
    from agenthost.conversation.models import ModelRequest
    from agenthost.testing.platform.ai.calling import Answer
    from agenthost.testing.platform.ai.state import Session
    from agenthost.testing.platform.script import FunctionCall as Call

__all__ = ["answer_user", "ask_model", "debug_level", "run_actions", "take_turns"]

_MOST_QUEUED = 20
_MODEL_LEVEL = 2
"""Level of the debug webhook from which it receives the requests to the model."""
_INTERNAL = frozenset({"gather_submit"})


async def answer_user(session: Session, text: str) -> None:
    """Hear the caller, and let the model answer. Input that actions queued follows."""
    session.queued.append(text)
    for _ in range(_MOST_QUEUED):
        if session.ending is not None or not session.queued:
            break
        heard = session.queued.pop(0)
        session.silent = False
        if session.calls_in_a_row == "once":
            session.calls_in_a_row = ""
        session.heard_at = session.nudged_at = session.leg.room.recorder.now
        session.log("user", content=heard)
        session.add(Message("user", heard))
        await take_turns(session)
    else:
        if session.queued:
            session.leg.finding("loop_guard", "actions queue user input without end, so it is dropped")
            session.queued.clear()


async def take_turns(session: Session) -> None:
    """Let the model speak and call functions until it waits for the caller."""
    try:
        await _take_turns(session)
    finally:
        session.owes_words = False


async def _take_turns(session: Session) -> None:
    room = session.leg.room
    for _ in range(room.options.limits.rounds):
        session.take_snapshot()
        turn = await _next_turn(session)
        more = await _perform(session, turn)
        if session.flow is not None and session.flow.closing and session.ending is None:
            session.flow.leave()
            session.leg.trace("steps_over")
        if session.ending is not None or session.hold is not None or session.silent:
            return
        if not more and session.extra_turns > 0:
            session.extra_turns -= 1
            more = True
        if not more:
            return
    session.leg.finding("loop_guard", "the model takes too many turns in a row, so the call is ended")
    session.end(HungUp("loop_guard"))


async def ask_model(session: Session, request: ModelRequest) -> ModelTurn:
    """Return the turn of the call's model. A failure is a finding."""
    text = ""
    calls: tuple[FunctionCall, ...] = ()
    try:
        async for piece in session.leg.room.model.answer(request):
            if isinstance(piece, Completion):
                text = piece.text
                calls = tuple(FunctionCall(use.name, use.arguments) for use in piece.tool_uses)
    except Exception as error:  # noqa: BLE001 - a model of any kind
        session.leg.finding("model", f"the model failed: {type(error).__name__}: {error}"[:300])
    return ModelTurn(text, calls)


async def _next_turn(session: Session) -> ModelTurn:
    """Return the model's next turn: a scripted one, else the model's own."""
    room = session.leg.room
    debugged = debug_level(session) >= _MODEL_LEVEL
    request = model_request(session) if debugged or room.line.turns is None else None
    if request is not None and debugged:
        session.model_log.append(("model_request", _request_seen(request)))
    if room.line.turns is not None:
        turn = room.line.turns.pop(0) if room.line.turns else ModelTurn()
    elif room.model is None or request is None:
        turn = ModelTurn()
    else:
        turn = await ask_model(session, request)
    if debugged:
        calls = [{"function": call.function, "arguments": call.arguments} for call in turn.calls]
        session.model_log.append(("model_response", {"content": turn.say, "calls": calls}))
    return turn


def debug_level(session: Session) -> int:
    """Return the level of the debug webhook, 0 without one."""
    url, level = session.params.get("debug_webhook_url"), session.params.get("debug_webhook_level", 1)
    return level if isinstance(url, str) and url and isinstance(level, int) else 0


def _request_seen(request: ModelRequest) -> dict[str, Any]:
    return {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "functions": [tool.name for tool in request.tools],
    }


async def _perform(session: Session, turn: ModelTurn) -> bool:
    """Speak, and run the calls. Return true if the model has another turn."""
    session.hides_turn = False
    if turn.say:
        session.owes_words = False
        session.say(turn.say)
        if not turn.calls:
            session.add(Message("assistant", turn.say))
    for number, call in enumerate(turn.calls):
        if session.ending is not None:
            session.leg.trace("call_skipped", function=call.function, reason="the session has ended")
            continue
        await _call(session, call, turn.say if number == 0 else "")
    if session.hides_turn:
        session.hidden, session.hides_turn = len(session.messages), False
    if any(call.function in session.functions for call in turn.calls):
        session.owes_words = True
    return bool(turn.calls)


async def _call(session: Session, call: Call, said: str) -> None:
    answer = await call_function(session, call)
    if call.function not in _INTERNAL:
        use = session.use_of(call.function, written(call.arguments)[1])
        session.add(Message("assistant", said, (use,)))
        session.add(Message("tool", answer.response, tool_use_id=use.id))
        session.log("tool", content=answer.response, function=call.function)
        conscience = session.params.get("conscience")
        if isinstance(conscience, str) and conscience:
            session.add(Message("system", expanded(session, conscience)))
    if answer.prompt:
        session.add(Message("system", answer.prompt))
    if answer.post_process and session.ending is None:
        await _before_actions(session)
    await run_actions(session, answer)


async def run_actions(session: Session, answer: Answer) -> None:
    """Apply the actions of an answer."""
    await apply_actions(session, session.functions.get(answer.function), answer.actions)


async def _before_actions(session: Session) -> None:
    """Give the model a turn before the actions. It speaks, and calls nothing."""
    turn = await _next_turn(session)
    session.leg.trace("post_process")
    if turn.calls:
        session.leg.finding("post_process", "calls of the turn before the actions are dropped")
    if turn.say:
        session.say(turn.say)
        session.add(Message("assistant", turn.say))
