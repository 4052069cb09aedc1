"""Summaries: ``POST R/post_prompt``, after a conversation has ended."""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import suppress
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.calls.idempotency import deliver_once
from agenthost._host.calls.tool_caller import Attempt
from agenthost._host.recording.kept_records import keep_record
from agenthost._host.telemetry.call_log import call_ended
from agenthost._host.telemetry.current_call import Owner
from agenthost._web.endpoints import documents
from agenthost._web.request.requests import Refused, query_value
from agenthost.agent.per_call import configure
from agenthost.errors import AgentHostError
from agenthost.swml import POST_PROMPT
from agenthost.tools.swaig import MalformedRequest, call_id, conversation_id, decode_object

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request, Site

__all__ = ["answer", "notes_of", "summary_of"]

_FETCH = "fetch_conversation"
_NOTES_WITHIN = 1.0
"""Timeout of the workers' notes, in seconds."""
_encode = msgspec.json.Encoder().encode
_sorted = msgspec.json.Encoder(order="sorted").encode
_log = logging.getLogger("agenthost.tools")


async def answer(request: Request, agent: Mounted) -> Answer:
    """Pass the summary to the agent's ``on_summary``.

    Raises:
        Refused: 403 for a token of another agent, tool or call.
    """
    if request.scope["method"] != "POST":
        return await documents.answer(request, agent)
    body = await request.body("post_prompt", agent)
    site, query = request.site, request.scope["query_string"]
    call = call_id(body) or query_value(query, b"call_id") or ""
    token = query_value(query, b"__token", b"token") or ""
    request.belongs_to(call, conversation_id(body))
    if not request.published.tokens[agent.route].verify(token, agent.route, POST_PROMPT, call, conversation_id(body)):
        _log.warning(
            "the summary of call %.128r for agent %s is refused: its token is invalid or expired",
            *(call, agent.key),
            extra={"fields": {"agent": agent.key, "call": call[:128]}},
        )
        raise Refused(403, "Invalid or missing token")
    began = perf_counter()
    done = await (_summarise if body.get("action") == _FETCH else _summarise_once)(request, agent, body)
    if site.runtime.config.recording.days and body.get("action") != _FETCH:
        stores, plan = site.runtime.state.serving(), request.published.plan
        notes = partial(notes_of, site, call or conversation_id(body) or "")
        await keep_record(stores, site.runtime.config, plan.redactors, agent, body, notes)
    if (calls := site.runtime.calls) is not None and body.get("action") != _FETCH:
        calls.end(agent.route, call, conversation_id(body))
    error_id = done.error_id
    outcome = "ok" if error_id is None else "failed"
    call_ended(Owner(agent.key, "summary"), call, perf_counter() - began, outcome, error_id)
    if error_id is None and body.get("action") == _FETCH and done.result is not None:
        try:
            return 200, request.rules.json, _encode(done.result)
        except (TypeError, ValueError, RecursionError) as error:
            error_id = site.caller.failed(agent, "summary result", error)
    return (
        200,
        request.rules.json,
        _encode({"success": True} if error_id is None else {"success": False, "error_id": error_id}),
    )


async def notes_of(site: Site, call: str) -> list[dict[str, Any]]:
    """Return the notes of all workers about a call.

    If the host does not answer, they are those of this one.
    """
    if site.send_command is not None and site.runtime.config.host.workers > 1:
        with suppress(AgentHostError):
            told = await asyncio.to_thread(site.send_command, {"command": "notes", "call": call}, _NOTES_WITHIN)
            return sorted(told["notes"], key=lambda each: float(each["at"]))
    return site.runtime.notes.report(call)


async def _summarise_once(request: Request, agent: Mounted, body: dict[str, Any]) -> Attempt:
    """Run ``on_summary`` once for all deliveries of one summary.

    The platform repeats them after a failure, up to three times.

    Raises:
        Busy: the agent is at its limit.
    """
    if not (call_id(body) or conversation_id(body)):
        return await _summarise(request, agent, body)
    done = Attempt(None)

    async def deliver() -> bool:
        nonlocal done
        done = await _summarise(request, agent, body)
        return done.error_id is None

    store = request.site.runtime.state.serving().own("summaries")
    key = sha256(_sorted([request.sender, agent.key, body])).hexdigest()
    await deliver_once(store, key, agent.limits.tool_timeout + agent.limits.queue_wait, deliver)
    return done


async def _summarise(request: Request, agent: Mounted, body: dict[str, Any]) -> Attempt:
    """Run ``on_summary`` of the agent, or of its copy for this call.

    Raises:
        Busy: the agent is at its limit.
    """
    caller, target = request.site.caller, agent.agent
    if agent.dynamic:
        made = await caller.attempt(
            agent, "summary", partial(configure, target, request.query(), body, request.headers())
        )
        if made.error_id is not None:
            return made
        target = made.result
    run, on_loop = partial(target.on_summary, summary_of(body), body), inspect.iscoroutinefunction(target.on_summary)
    return await caller.attempt(agent, "summary", run, on_loop=on_loop)


def summary_of(body: dict[str, Any]) -> Any:
    """Return the model's summary: JSON values if it returned some, else text, else None."""
    data = body.get("post_prompt_data")
    if not isinstance(data, dict):
        return None
    parsed = data.get("parsed")
    if isinstance(parsed, list) and parsed:
        return parsed[0]
    raw = data.get("raw")
    if not isinstance(raw, str) or not raw:
        return None
    try:
        return decode_object(raw.encode())
    except (MalformedRequest, UnicodeEncodeError):
        return raw
