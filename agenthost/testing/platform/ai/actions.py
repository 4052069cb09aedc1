"""Actions of a function's answer, applied as the platform applies them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost.conversation.models import Message
from agenthost.testing.platform.ai.changes import change_context, change_step, switch_context
from agenthost.testing.platform.ai.prompting import expanded
from agenthost.testing.platform.ai.state import Hold
from agenthost.testing.platform.leg import HungUp, Stopped, Transferred
from agenthost.testing.platform.swml.documents import inline_document
from agenthost.testing.platform.swml.walker import run_inline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost.testing.platform.ai.functions import Function
    from agenthost.testing.platform.ai.state import Session

__all__ = ["ACTIONS", "NOT_PERFORMED", "apply_actions", "hold_seconds"]

Apply: TypeAlias = "Callable[[Session, Function | None, Any], Awaitable[None]]"
_USUAL_HOLD = 300
_LONGEST_HOLD = 900
_YES = frozenset({"true", "1", "yes"})

NOT_PERFORMED: Mapping[str, str] = {
    "functions_on_speaker_timeout": "speech timing is not simulated",
    "extensive_data": "it changes what the service logs, not the call",
    "playback_bg": "sound is traced, not played",
    "stop_playback_bg": "sound is traced, not played",
    "add_dynamic_hints": "recognition is data of the scenario",
    "clear_dynamic_hints": "recognition is data of the scenario",
    "change_voice": "sound is traced, not played",
    "end_of_speech_timeout": "speech timing is not simulated",
    "speech_event_timeout": "speech timing is not simulated",
    "user_event": "an event for the caller's device, which a scenario does not have",
    "settings": "settings of the model do not change a scripted one",
}
"""Actions that are traced without an effect, each with the reason."""
_TELEPHONY = frozenset({"hold"})
_NO_TELEPHONE = "a conversation of AI Chat has no telephone"
_FIRST = (
    "SWML",
    "user_event",
    "change_context",
    "change_step",
    "hold",
    "hangup",
    "wait_for_user",
    "transfer",
    "toggle_functions",
    "say",
    "settings",
    "stop",
    "set_meta_data",
    "unset_meta_data",
    "set_global_data",
    "unset_global_data",
    "user_input",
    "context_switch",
    "playback_bg",
    "stop_playback_bg",
)
"""The order of keys inside one action object."""
_RANK = {name: rank for rank, name in enumerate(_FIRST)}


async def apply_actions(session: Session, function: Function | None, actions: tuple[Mapping[str, Any], ...]) -> None:
    """Apply actions in order. After the first that ends the session, the rest is skipped."""
    for action in actions:
        for name in sorted(action, key=lambda key: _RANK.get(str(key), len(_RANK))):
            if name == "transfer" and "SWML" in action:
                continue
            if session.ending is not None:
                session.leg.trace("action_skipped", action=str(name), reason="the session has ended")
                continue
            value = action[name]
            if name == "SWML" and _is_true(action.get("transfer")):
                await _swml_transfer(session, value)
            else:
                await _apply(session, function, str(name), value)


async def _apply(session: Session, function: Function | None, name: str, value: Any) -> None:
    if name in _TELEPHONY and session.leg.chat:
        session.leg.trace("action", action=name, value=value, not_performed=_NO_TELEPHONE)
    elif name in ACTIONS:
        session.leg.trace("action", action=name, value=value)
        await ACTIONS[name](session, function, value)
    elif name in NOT_PERFORMED:
        await _traced(session, name, value)
    else:
        session.leg.finding("unknown_action", f"the platform ignores the action {name!r}"[:200], action=name)


async def _traced(session: Session, name: str, value: Any) -> None:
    gated = name == "settings" and session.params.get("swaig_allow_settings") is False
    timed = name.endswith("_timeout") and name != "functions_on_speaker_timeout"
    wrong = timed and not (isinstance(value, int) and 0 < value < 2**31)
    if gated or wrong:
        reason = "swaig_allow_settings is off" if gated else "it must be a number of milliseconds above 0"
        session.leg.finding("action", f"{name} is ignored: {reason}", action=name)
        return
    session.leg.trace("action", action=name, value=value, not_performed=NOT_PERFORMED[name])


async def _swml(session: Session, _: Function | None, value: Any) -> None:
    leg = session.leg
    document = _allowed_document(session, value)
    if document is None:
        return
    if leg.depth >= leg.room.options.limits.depth:
        leg.finding("loop_guard", "documents are nested too deep")
        session.end(HungUp("loop_guard"))
        return
    leg.vars.pop("ai_response", None)
    leaving = await run_inline(leg, document)
    leg.session = session
    if leaving is not None:
        session.end(leaving)
    response = leg.vars.get("ai_response")
    if isinstance(response, str) and response:
        session.add(Message("system", expanded(session, response)))
        leg.trace("injected", text=expanded(session, response), by="ai_response")


async def _swml_transfer(session: Session, value: Any) -> None:
    session.leg.trace("action", action="SWML", value=value, transfer=True)
    document = _allowed_document(session, value)
    if document is not None:
        session.end(Transferred(document))


def _allowed_document(session: Session, value: Any) -> dict[str, Any] | None:
    if session.params.get("swaig_allow_swml") is False:
        session.leg.finding("action", "SWML is ignored: swaig_allow_swml is off", action="SWML")
        return None
    document = inline_document(value)
    if document is None or not isinstance(document["sections"].get("main"), list):
        session.leg.finding("action", "SWML is not a document with a section main", action="SWML")
        return None
    return document


async def _transfer(session: Session, _: Function | None, value: Any) -> None:
    dest = value.get("dest") if isinstance(value, dict) else value
    if not isinstance(dest, str) or not dest or _is_true(dest) or dest.lower() == "false":
        session.leg.finding("action", "transfer needs a section or a URL", action="transfer")
        return
    session.end(Transferred(dest))


async def _say(session: Session, _: Function | None, value: Any) -> None:
    text = value if isinstance(value, str) else ""
    session.say(text, "say")
    if text:
        session.note("manual_say")


async def _change_context(session: Session, _: Function | None, value: Any) -> None:
    change_context(session, str(value), "webhook_action")


async def _change_step(session: Session, _: Function | None, value: Any) -> None:
    change_step(session, str(value), "webhook_action")


async def _set_global(session: Session, _: Function | None, value: Any) -> None:
    if session.params.get("swaig_set_global_data") is False:
        session.leg.finding("action", "set_global_data is ignored: swaig_set_global_data is off")
    elif isinstance(value, dict):
        session.leg.global_data.update(value)
    else:
        session.leg.finding("action", "set_global_data needs an object")


async def _unset_global(session: Session, _: Function | None, value: Any) -> None:
    _unset(session.leg.global_data, value)


async def _set_meta(session: Session, function: Function | None, value: Any) -> None:
    if isinstance(value, dict) and function is not None:
        session.leg.meta_data.setdefault(function.store, {}).update(value)
    else:
        session.leg.finding("action", "set_meta_data needs an object")


async def _unset_meta(session: Session, function: Function | None, value: Any) -> None:
    if function is not None:
        _unset(session.leg.meta_data.get(function.store, {}), value)


def _unset(data: dict[str, Any], value: Any) -> None:
    for name in value if isinstance(value, (list, dict)) else [value]:
        data.pop(str(name), None)


async def _toggle(session: Session, function: Function | None, value: Any) -> None:
    """Switch functions on or off: those with the caller's metadata token."""
    changed = []
    for entry in value if isinstance(value, list) else [value]:
        named = entry.get("function") if isinstance(entry, dict) else None
        for name in named if isinstance(named, list) else [named]:
            target = session.functions.get(name) if isinstance(name, str) else None
            own = function is not None and target is not None and target.store == function.store
            if target is not None and (own or session.leg.room.options.toggle_any):
                target.active = _is_true(entry.get("active", True))
                changed.append(target.name)
    if not changed:
        session.leg.finding("action", "toggle_functions changes nothing: no function shares the caller's token")


async def _hold(session: Session, _: Function | None, value: Any) -> None:
    settings = value if isinstance(value, dict) else {"timeout": value}
    seconds = hold_seconds(settings.get("timeout"))
    session.leg.trace("hold", seconds=seconds)
    until = session.leg.room.recorder.now + seconds * 1000
    session.hold = Hold(until, str(settings.get("step") or ""), str(settings.get("timeout_step") or ""))


async def _hangup(session: Session, _: Function | None, value: Any) -> None:
    if value is not False:
        session.end(HungUp("hangup"))


async def _stop(session: Session, _: Function | None, value: Any) -> None:
    if value is not False:
        session.end(Stopped("stop"))


async def _wait(session: Session, _: Function | None, value: Any) -> None:
    session.silent = value is not False and value != "answer_first"


async def _user_input(session: Session, _: Function | None, value: Any) -> None:
    if isinstance(value, str) and value:
        session.queued.append(value)


async def _back_to_back(session: Session, _: Function | None, value: Any) -> None:
    session.calls_in_a_row = "forever" if value == "forever" else "once" if value is True else ""


async def _context_switch(session: Session, _: Function | None, value: Any) -> None:
    if isinstance(value, (str, dict)):
        switch_context(session, value)
    else:
        session.leg.finding("action", "context_switch needs text or an object")


async def _replace(session: Session, _: Function | None, value: Any) -> None:
    """Replace the last call and its result by a text, or by nothing."""
    if len(session.messages) > 1 and session.messages[-1].role == "tool":
        del session.messages[-2:]
        session.hidden = min(session.hidden, len(session.messages))
        if isinstance(value, str):
            session.add(Message("assistant", value))


def hold_seconds(value: Any) -> int:
    """Return the seconds of a hold: a number, ``"5m"`` or ``"1:30"``.

    Everything out of range is 300.
    """
    seconds: float | None = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    elif isinstance(value, str):
        minutes, colon, rest = value.strip().partition(":")
        units = {"s": 1, "m": 60, "h": 3600}
        if colon and minutes.isdigit() and rest.isdigit() and len(value) < 12:
            seconds = int(minutes) * 60 + int(rest)
        elif value[:-1].isdigit() and value[-1] in units and len(value) < 9:
            seconds = int(value[:-1]) * units[value[-1]]
        elif value.isdigit() and len(value) < 9:
            seconds = int(value)
    return int(seconds) if seconds is not None and 0 <= seconds <= _LONGEST_HOLD else _USUAL_HOLD


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in _YES)


ACTIONS: Mapping[str, Apply] = {
    "SWML": _swml,
    "back_to_back_functions": _back_to_back,
    "change_context": _change_context,
    "change_step": _change_step,
    "context_switch": _context_switch,
    "hangup": _hangup,
    "hold": _hold,
    "replace_in_history": _replace,
    "say": _say,
    "set_global_data": _set_global,
    "set_meta_data": _set_meta,
    "stop": _stop,
    "toggle_functions": _toggle,
    "transfer": _transfer,
    "unset_global_data": _unset_global,
    "unset_meta_data": _unset_meta,
    "user_input": _user_input,
    "wait_for_user": _wait,
}
"""Actions with an effect on the call."""
