"""Reports of a session: debug events, the hang-up hook, and the summary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenthost.conversation.models import Message, ModelRequest
from agenthost.testing.platform.ai.calling import call_hook
from agenthost.testing.platform.ai.conversing import ask_model, debug_level
from agenthost.testing.platform.ai.payload import identity
from agenthost.testing.platform.ai.prompting import text_of
from agenthost.testing.platform.leg import HungUp

if TYPE_CHECKING:
    from agenthost.testing.platform.ai.state import Session

__all__ = ["close", "memory", "post_debug_events"]

_TIMEOUT = 15.0
"""Seconds for a debug event."""


async def close(session: Session) -> None:
    """Call the hang-up hook if the call ends, and post the summary."""
    if isinstance(session.ending, HungUp):
        await call_hook(session, "hangup_hook")
    session.note("session_end")
    options = session.leg.room.options
    if options.summary_per_session or isinstance(session.ending, HungUp):
        await _post(session)


async def memory(session: Session) -> None:
    """Fetch the conversation that an earlier call saved."""
    url = session.config.get("post_prompt_url")
    if session.params.get("save_conversation") is not True or not isinstance(url, str):
        return
    body = {"action": "fetch_conversation", **identity(session)}
    options = session.leg.room.options
    delivered = await session.leg.room.delivery.post("post_prompt", url, body, timeout=options.tool_timeout)
    session.leg.trace("memory", status=delivered.status)
    try:
        answer = delivered.response.json() if delivered.response is not None else None
    except ValueError:
        return
    summary = answer.get("conversation_summary", answer.get("response")) if isinstance(answer, dict) else None
    if isinstance(summary, str) and summary:
        session.add(Message("system", summary))


async def _post(session: Session) -> None:
    url = session.config.get("post_prompt_url")
    if not isinstance(url, str) or not url:
        return
    leg, options = session.leg, session.leg.room.options
    data = _data(await _summary(session))
    ending = session.ending
    body: dict[str, Any] = {
        "content_type": "text/json",
        "content_disposition": "agent.summary",
        "action": "post_conversation",
        "version": "2.0",
        **identity(session),
        "caller_id_name": leg.caller.name,
        "caller_id_number": leg.caller.number,
        "call_ended_by": "user" if isinstance(ending, HungUp) and ending.cause == "caller" else "agent",
        "call_start_date": leg.time(0),
        "call_answer_date": leg.time(0),
        "call_end_date": leg.time(),
        "ai_start_date": leg.time(session.started),
        "ai_end_date": leg.time(),
        "post_prompt_data": data,
        "global_data": leg.global_data,
        "call_log": session.call_log,
        "raw_call_log": session.call_log,
        "swaig_log": session.swaig_log,
        "times": [],
    }
    if session.previous_contexts:
        body["previous_contexts"] = session.previous_contexts
    if session.params.get("swaig_post_swml_vars"):
        body["SWMLVars"] = leg.vars
    delivered = await leg.room.delivery.post(
        "post_prompt", url, body, timeout=options.tool_timeout, retries=options.retries
    )
    leg.trace("summary", data=data, status=delivered.status, attempts=delivered.attempts)
    if delivered.status >= 300 or delivered.status == 0:
        leg.finding("summary", f"the summary is not accepted: {delivered.failure or delivered.status}")


async def _summary(session: Session) -> Any:
    """Return the scripted summary, else the model's."""
    line, model = session.leg.room.line, session.leg.room.model
    if line.summary is not None:
        summary, line.summary = line.summary, None
        return summary
    flow = session.flow
    own = flow.now.get("post_prompt") if flow is not None else None
    instruction = text_of(own if own is not None else session.config.get("post_prompt"))
    if not instruction or model is None or getattr(model, "offline", False):
        return ""
    messages = (*session.messages, Message("system", instruction))
    return (await ask_model(session, ModelRequest(messages))).say


def _data(summary: Any) -> dict[str, Any]:
    """Return a summary as the platform posts it: JSON and text."""
    if not isinstance(summary, str):
        return {"parsed": [summary], "raw": json.dumps(summary, ensure_ascii=False, default=str)}
    start, end = summary.find("{"), summary.rfind("}")
    if 0 <= start < end:
        try:
            found = json.loads(summary[start : end + 1])
        except (ValueError, RecursionError):
            return {"raw": summary}
        rest = summary[:start] + summary[end + 1 :]
        return {"parsed": [found], "raw": summary} | ({"substituted": rest} if rest.strip() else {})
    return {"raw": summary}


async def post_debug_events(session: Session) -> None:
    """Post the lines of the call log since the last time, several in one request.

    Level 0 posts nothing, level 2 also the requests to the model and its replies. Without an answer, the platform does
    not try again.
    """
    lines, asked = session.call_log[session.debugged :], session.model_log
    session.debugged, session.model_log = len(session.call_log), []
    if not debug_level(session) or not lines + asked:
        return
    leg = session.leg
    info = {"call_id": session.runtime_id, "ai_session_id": session.id, "content_type": "text/swaig"}
    if leg.chat:
        info["conversation_id"] = leg.call_id
    body: dict[str, Any] = {"call_info": info}
    for name, details in asked:
        body.setdefault(name, []).append(details)
    for line in lines:
        name = str(line.get("action") or line["role"])
        body.setdefault(name, []).append({key: value for key, value in line.items() if key != "timestamp"})
    url = session.params["debug_webhook_url"]
    delivered = await leg.room.delivery.post("debug_event", url, body, timeout=_TIMEOUT)
    leg.trace("debug_event", events=sorted(set(body) - {"call_info"}), status=delivered.status)
