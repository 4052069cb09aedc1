"""Function calls of the model: checks, gates, delivery, and the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agenthost.testing.platform.ai.changes import change_context, change_step, phrases_of
from agenthost.testing.platform.ai.gathering import submit
from agenthost.testing.platform.ai.payload import tool_request, written
from agenthost.testing.platform.ai.prompting import offered
from agenthost.testing.platform.datamap.running import run_data_map
from agenthost.testing.platform.datamap.templates import expand_helpers
from agenthost.testing.platform.leg import HungUp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.ai.functions import Function
    from agenthost.testing.platform.ai.state import Session
    from agenthost.testing.platform.script import FunctionCall

__all__ = ["Answer", "call_function", "call_hook"]

_MOST_GATES = 8
_ALWAYS_ACCEPTED = frozenset({"hangup", "end_call"})


@frozen
class Answer:
    """The answer of a function.

    Args:
        function: its name.
        response: the text for the model.
        actions: its actions, in order.
        post_process: whether the model has a turn before the actions.
        error: the platform's word for a failure: ``invalid_function``, ``invalid_params``, ``gate``,
            ``webhook_http_failure``, ``repeated`` or empty.
        attempts: the number of requests.
        status: the HTTP status, 0 without an answer.
        prompt: an instruction for the model after the result.
    """

    function: str
    response: str = ""
    actions: tuple[Mapping[str, Any], ...] = ()
    post_process: bool = False
    error: str = ""
    attempts: int = 0
    status: int = 0
    prompt: str = ""


async def call_function(session: Session, call: FunctionCall) -> Answer:
    """Call a function for the model, and trace it."""
    leg = session.leg
    arguments, raw = written(call.arguments)
    answer = await _answer(session, call.function, arguments, raw)
    data: dict[str, Any] = {
        "function": call.function,
        "arguments": call.arguments if arguments is None else arguments,
        "response": answer.response,
    }
    more = {"error": answer.error, "attempts": answer.attempts, "status": answer.status}
    data |= {name: value for name, value in more.items() if value}
    if answer.actions:
        data["actions"] = [dict(action) for action in answer.actions]
    if answer.post_process:
        data["post_process"] = True
    leg.trace("tool", **data)
    session.note("function_error" if answer.error else "function_call", function=call.function)
    return answer


async def call_hook(session: Session, name: str) -> Answer | None:
    """Call a hook of the session, if it has one."""
    function = session.functions.get(name)
    if function is None or not function.active:
        return None
    answer = await _deliver(session, function, {}, "{}")
    session.leg.trace("hook", function=name, response=answer.response, status=answer.status, attempts=answer.attempts)
    return answer


async def _answer(session: Session, name: str, arguments: dict[str, Any] | None, raw: str) -> Answer:
    leg, room = session.leg, session.leg.room
    room.calls += 1
    if room.calls > room.options.limits.calls:
        leg.finding("loop_guard", "the call has too many function calls, so it is ended")
        session.end(HungUp("loop_guard"))
        return Answer(name, error="repeated", response="The call is over.")
    specs = offered(session)
    if name not in specs and name not in _ALWAYS_ACCEPTED:
        reason = "is not offered now" if name in session.functions else "does not exist"
        if session.must_speak and name in session.functions:
            reason = "is not offered before the model has spoken about the last result"
        leg.finding("not_offered", f"the model calls {name!r}, which {reason}"[:200], function=name)
        return Answer(name, f"Error: the function {name} {reason}.", error="invalid_function")
    key = f"{name} {raw}"
    session.same_calls = session.same_calls + 1 if key == session.last_call else 1
    session.last_call = key
    if session.same_calls > room.options.limits.same_call:
        leg.finding("repeated", f"the model repeats the same call of {name!r}"[:200], function=name)
        return Answer(name, "Error: this call was just made. Do not repeat it.", error="repeated")
    problem = "the arguments are not a JSON object" if arguments is None else _problem(specs, name, arguments)
    if arguments is None or problem:
        return Answer(name, f"Error: {problem}.", error="invalid_params")
    if name in session.functions:
        return await _run(session, session.functions[name], arguments, raw)
    _fill(session, name, _internal_fillers(session).get(name))
    return _builtin(session, name, arguments)


async def _run(session: Session, function: Function, arguments: dict[str, Any], raw: str) -> Answer:
    if (blocked := _gate(session, function)) is not None:
        return blocked
    if function.uses is not None:
        function.uses -= 1
    if function.native:
        _fill(session, function.name, _internal_fillers(session).get(function.name))
        return _native(session, function.name, arguments)
    if not function.definition.get("skip_fillers"):
        _fill(session, function.name, function.definition.get("fillers"))
        if isinstance(function.definition.get("wait_file"), str):
            session.leg.trace("played", url=function.definition["wait_file"], function=function.name)
    if function.data_map is not None:
        root = {
            "args": arguments,
            "global_data": session.snapshot,
            "meta_data": session.leg.meta_data.get(function.store, {}),
            "call_id": session.runtime_id,
            "caller_id_num": session.leg.caller.number,
            "caller_id_name": session.leg.caller.name,
        }
        result = await run_data_map(session.leg, function.name, function.data_map, {**session.snapshot, **root})
        return _read(session, function.name, result, 200, 0)
    return await _deliver(session, function, arguments, raw)


def _fill(session: Session, name: str, fillers: Any) -> None:
    """Say one of a function's phrases for the time until it answers."""
    phrases = phrases_of(session, fillers)
    if phrases:
        session.leg.trace("filler", text=session.leg.room.random.choice(phrases), function=name)


def _internal_fillers(session: Session) -> Mapping[str, Any]:
    """Return the fillers of the platform's own functions."""
    swaig = session.config.get("SWAIG")
    fillers = swaig.get("internal_fillers") if isinstance(swaig, dict) else None
    return fillers if isinstance(fillers, dict) else {}


async def _deliver(session: Session, function: Function, arguments: Mapping[str, Any], raw: str) -> Answer:
    """Post a call to the function's webhook."""
    options = session.leg.room.options
    body = tool_request(session, function, arguments, raw)
    delivered = await session.leg.room.delivery.post(
        function.name, function.url, body, timeout=options.tool_timeout, retries=options.retries
    )
    response = delivered.response
    result: Any = None
    if response is not None and response.status < 300:
        try:
            result = response.json()
        except ValueError:
            result = None
    session.swaig_log.append(
        {
            "command_name": function.name,
            "command_arg": raw,
            "url": delivered.url,
            "post_data": body,
            "post_response": result if isinstance(result, dict) else {},
        }
    )
    if not isinstance(result, dict):
        reason = delivered.failure or f"HTTP {delivered.status}"
        session.leg.finding("webhook", f"{function.name}: {reason}", function=function.name)
        return Answer(
            function.name,
            "Error: the function could not be reached.",
            error="webhook_http_failure",
            attempts=delivered.attempts,
            status=delivered.status,
        )
    return _read(session, function.name, result, delivered.status, delivered.attempts)


def _read(session: Session, name: str, result: Mapping[str, Any], status: int, attempts: int) -> Answer:
    """Read the answer of a webhook or a data map."""
    response, prompt = result.get("response", ""), ""
    if isinstance(response, dict) and "tool_result" in response:
        prompt = str(response.get("tool_prompt", "") or "")
        response = response.get("tool_result", "")
    response = "" if response is None else response
    text = response if isinstance(response, str) else json.dumps(response, ensure_ascii=False, default=str)
    actions = result.get("action", [])
    actions = [actions] if isinstance(actions, dict) else actions if isinstance(actions, list) else []
    for action in actions:
        if not isinstance(action, dict):
            session.leg.finding("action", f"{name}: an action is not an object")
    return Answer(
        name,
        expand_helpers(text, session.reach),
        tuple(action for action in actions if isinstance(action, dict)),
        result.get("post_process") is True,
        attempts=attempts,
        status=status,
        prompt=prompt,
    )


def _problem(specs: Mapping[str, Any], name: str, arguments: Mapping[str, Any]) -> str:
    """Return the reason why arguments do not fit the schema, or empty text."""
    import jsonschema_rs  # noqa: PLC0415 - only for a call of a function

    if name not in specs:
        return ""
    try:
        validator = jsonschema_rs.validator_for(dict(specs[name].parameters), retriever=_refuse_retrieval)
        error = next(validator.iter_errors(dict(arguments)), None)
    except Exception:  # noqa: BLE001 - a schema that cannot be used refuses nothing
        return ""
    return "" if error is None else str(error.message)[:300]


def _refuse_retrieval(uri: str) -> None:
    """Keep a schema that refers to a URL from opening a socket.

    Raises:
        ValueError: always.
    """
    msg = f"{uri} is not fetched"
    raise ValueError(msg)


def _gate(session: Session, function: Function) -> Answer | None:
    """Return the answer of a gate that fails, or None."""
    gates = function.definition.get("gates")
    for number, gate in enumerate(gates[:_MOST_GATES] if isinstance(gates, list) else (), 1):
        if not isinstance(gate, dict):
            continue
        name = str(gate.get("id", number))
        passed = session.leg.room.options.gates.get(name, True)
        session.leg.trace("gate", function=function.name, gate=name, passed=passed)
        if not passed:
            on_fail = gate.get("on_fail")
            result = on_fail if isinstance(on_fail, dict) else {"response": str(on_fail or "This is not allowed now.")}
            read = _read(session, function.name, result, 0, 0)
            return Answer(read.function, read.response, read.actions, read.post_process, "gate")
    return None


def _native(session: Session, name: str, arguments: Mapping[str, Any]) -> Answer:
    """Run a function of the platform."""
    recorder = session.leg.room.recorder
    match name:
        case "check_time":
            seconds = session.leg.room.options.start + recorder.now // 1000
            return Answer(name, f"{seconds} seconds since 1970, UTC")
        case "wait_seconds":
            value = arguments.get("seconds")
            waited = value if isinstance(value, (int, float)) and 0 < value <= 3600 else 0
            recorder.now += int(waited * 1000)
            return Answer(name, f"Waited {waited:g} seconds.")
        case "wait_for_user":
            session.silent = True
            return Answer(name, "Waiting for the user.")
    return Answer(name, "Done.")


def _builtin(session: Session, name: str, arguments: Mapping[str, Any]) -> Answer:
    """Run a function that belongs to steps, questions or the call."""
    match name:
        case "gather_submit":
            return Answer(name, submit(session, arguments))
        case "next_step":
            done = change_step(session, str(arguments.get("step", "")), "ai_function")
            return Answer(name, "Moved to the step." if done else "Error: there is no such step.")
        case "change_context":
            done = change_context(session, str(arguments.get("context", "")), "ai_function")
            return Answer(name, "The context is changed." if done else "Error: there is no such context.")
    session.end(HungUp("hangup"))
    return Answer(name, "The call ends.")
