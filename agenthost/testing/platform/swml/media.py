"""Verbs that speak, listen, record and send, and those that need people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost.conversation.models import Message
from agenthost.testing.platform.http.client import read_json
from agenthost.testing.platform.leg import Dialled, HungUp
from agenthost.testing.platform.script import Digits, HangUp, Says
from agenthost.testing.platform.swml.frames import VerbError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agenthost.testing.platform.leg import Leg
    from agenthost.testing.platform.swml.frames import Done, Frame

__all__ = ["BACKGROUND", "MEDIA", "PEOPLE"]

Verb: TypeAlias = "Callable[[Frame, Any], Awaitable[Done]]"

BACKGROUND: Mapping[str, str | None] = {
    "record": "record_result",
    "record_call": "record_call_result",
    "stop_record_call": "stop_record_call_result",
    "tap": "tap_result",
    "stop_tap": "stop_tap_result",
    "denoise": "denoise_result",
    "stop_denoise": None,
    "detect_machine": "detect_result",
    "live_transcribe": None,
    "live_translate": None,
    "receive_fax": "receive_fax_result",
    "send_fax": "send_fax_result",
    "send_digits": "send_digits_result",
    "send_sms": "send_sms_result",
    "sip_refer": "sip_refer_result",
    "user_event": "user_event_result",
    "pay": "pay_result",
    "bind_digit": None,
    "clear_digit_bindings": None,
    "ai_sidecar": None,
    "enter_queue": "queue_result",
}
"""Verbs that are traced, with the variable of their result."""
PEOPLE: Mapping[str, tuple[str, str]] = {
    "join_room": ("join_room_result", "joined"),
    "join_conference": ("join_conference_result", "completed"),
}
"""Verbs that block while people talk, with the variable and the usual value of their result."""
_BODY = 65536


async def answer(frame: Frame, config: Any) -> Done:
    frame.leg.answered = True
    frame.leg.trace("answer", config=config)
    frame.leg.vars["answer_result"] = "success"
    return None


async def hangup(frame: Frame, config: Any) -> Done:
    frame.leg.trace("hangup", reason=config.get("reason", "hangup") if isinstance(config, dict) else "hangup")
    return HungUp("hangup")


async def play(frame: Frame, config: Any) -> Done:
    if not isinstance(config, dict):
        raise VerbError("play needs an object")
    urls = config.get("urls", [config.get("url")])
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise VerbError("play needs url or urls")
    if config.get("auto_answer") is not False:
        frame.leg.answered = True
    for url in urls:
        said = str(frame.text(url))
        if said.startswith("say:"):
            frame.leg.trace("spoken", text=said[4:], by="play")
        elif said.startswith("silence:"):
            frame.leg.trace("silence", seconds=said[8:])
        else:
            frame.leg.trace("played", url=said)
    frame.leg.vars["play_result"] = "success"
    return None


async def prompt(frame: Frame, config: Any) -> Done:
    """Play, then wait for the caller's digits or words."""
    if not isinstance(config, dict):
        raise VerbError("prompt needs an object")
    source = config.get("play", config.get("urls", config.get("url", "")))
    await play(frame, {"urls": source if isinstance(source, list) else [source]})
    leg = frame.leg
    leg.trace("listening", verb="prompt")
    item = await leg.room.line.next()
    match item:
        case HangUp():
            leg.room.line.summary = item.summary
            return HungUp("caller")
        case Digits(digits=digits):
            result, value = "match_digits", digits
        case Says(text=text):
            result, value = "match_speech", text
        case _:
            result, value = "no_input", ""
    leg.trace("heard", text=value, verb="prompt")
    frame.set("prompt_result", result)
    frame.set("prompt_value", value)
    return None


async def sleep(frame: Frame, config: Any) -> Done:
    raw = config.get("duration", 0) if isinstance(config, dict) else config
    duration = frame.text(raw) if isinstance(raw, str) else raw
    try:
        milliseconds = int(duration)
    except (TypeError, ValueError, OverflowError):
        raise VerbError("sleep needs milliseconds") from None
    if milliseconds < 0:
        frame.leg.trace("sleep", forever=True)
        await _until_hung_up(frame)
        return HungUp("caller")
    frame.leg.room.recorder.now += min(milliseconds, 86_400_000)
    frame.leg.trace("sleep", milliseconds=min(milliseconds, 86_400_000))
    return None


async def _until_hung_up(frame: Frame) -> None:
    while not isinstance(item := await frame.leg.room.line.next(), HangUp):
        frame.leg.trace("unheard", reason="the call sleeps")
    frame.leg.room.line.summary = item.summary


async def request(frame: Frame, config: Any) -> Done:
    """Send a request of the document. A stub answers for other systems."""
    if not isinstance(config, dict) or not isinstance(config.get("url"), str):
        raise VerbError("request needs a url")
    leg = frame.leg
    url = str(frame.text(config["url"]))
    method = str(config.get("method", "POST")).upper()
    body = frame.expanded(config["body"]) if "body" in config else None
    written = config.get("headers")
    headers = tuple(
        (name, str(frame.text(value)))
        for name, value in (written.items() if isinstance(written, dict) else ())
        if isinstance(value, str)
    )
    if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers += (("content-type", "application/json"),)
    delivered = await leg.room.delivery.send("request", method, url, body, headers)
    leg.trace("request", method=method, url=delivered.url, status=delivered.status, failure=delivered.failure)
    response = delivered.response
    frame.leg.vars["request_url"] = url
    frame.leg.vars["request_result"] = "success" if response is not None and response.status < 400 else "failed"
    frame.leg.vars["response_code"] = delivered.status
    if response is not None:
        text = response.body[:_BODY].decode("utf-8", "replace")
        frame.leg.vars |= {"response_body": text, "response_headers": dict(response.headers)}
        if config.get("save_variables"):
            frame.leg.vars["request_response"] = _json(text)
    return None


async def execute_rpc(frame: Frame, config: Any) -> Done:
    """Call a procedure of the platform. Unknown ones are traced."""
    leg, called = frame.leg, frame.expanded(config)
    leg.trace("verb", verb="execute_rpc", config=called)
    if not isinstance(called, dict):
        raise VerbError("execute_rpc needs an object")
    params = called.get("params")
    match called.get("method"):
        case "ai_message":
            if (session := _session_of(leg, called)) is not None:
                _put(session, params)
        case "ai_unhold":
            if (session := _session_of(leg, called)) is not None:
                _release(leg, session)
        case "dial":
            _dial(leg, params)
    leg.vars["execute_rpc_result"] = str(leg.room.outcome("execute_rpc", "success"))
    return None


def _session_of(leg: Leg, called: Mapping[str, Any]) -> Any:
    """Return the AI session of the named call, or add a finding."""
    session = next((other.session for other in leg.room.legs if other.call_id == called.get("call_id")), None)
    if session is None:
        leg.finding("execute_rpc", f"{called['method']} names a call that has no AI session")
    return session


def _release(leg: Leg, session: Any) -> None:
    """End the hold of another call."""
    if session.hold is None:
        leg.finding("execute_rpc", "ai_unhold names a call that is not on hold")
    else:
        session.hold.released = True


def _dial(leg: Leg, params: Any) -> None:
    """Start another call, which runs while this one is on hold or after its end."""
    given = params if isinstance(params, dict) else {}
    device = given.get("devices")
    device = device if isinstance(device, dict) else {}
    numbers = device.get("params")
    numbers = numbers if isinstance(numbers, dict) else {}
    to, shown, url = numbers.get("to_number"), numbers.get("from_number"), given.get("dest_swml")
    if isinstance(to, str) and isinstance(shown, str) and isinstance(url, str):
        leg.room.dialled.append(Dialled(url, to, shown, "sip" if device.get("type") == "sip" else "phone"))
    else:
        leg.finding("execute_rpc", "dial needs devices with to_number and from_number, and the URL dest_swml")


def _put(session: Any, params: Any) -> None:
    """Put a message and global data into a session."""
    given = params if isinstance(params, dict) else {}
    role, text, data = given.get("role", "system"), given.get("message_text"), given.get("global_data")
    if isinstance(text, str) and text and role in {"system", "user", "assistant"}:
        session.add(Message(role, text))
        session.leg.trace("injected", text=text, by="ai_message")
    if isinstance(data, dict):
        session.leg.global_data.update(data)


def _json(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return {}


MEDIA: Mapping[str, Verb] = {
    "answer": answer,
    "execute_rpc": execute_rpc,
    "hangup": hangup,
    "play": play,
    "prompt": prompt,
    "sleep": sleep,
    "request": request,
}
"""Verbs with a behaviour of their own."""
