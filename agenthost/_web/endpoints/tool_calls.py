"""Tool calls: ``POST R/swaig``."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._host.calls.idempotency import answer_once
from agenthost._host.calls.tool_caller import Busy
from agenthost._web.endpoints import documents
from agenthost._web.request.requests import query_value
from agenthost._web.request.tool_answers import encoded
from agenthost.agent.base import declared
from agenthost.agent.call_hooks import END, START
from agenthost.agent.per_call import configure, tool_of
from agenthost.results.tool_answer import ToolAnswer
from agenthost.tools.call_sentences import explain_unknown
from agenthost.tools.swaig import ToolRequest, call_id, conversation_id
from agenthost.tools.tool import Tool, is_tool_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer"]

_HANG_UP = END.tool
_encode = msgspec.json.Encoder().encode


async def answer(request: Request, agent: Mounted) -> Answer:  # noqa: C901, PLR0912 - the steps of one request
    """Run a tool, and return its answer.

    The status is 200 even for a failure, as the model needs something to say.
    """
    if request.scope["method"] != "POST":
        return await documents.answer(request, agent)
    body = await request.body("tool_call", agent)
    if body.get("action") == "get_signature":
        request.check_signed("get_signature")
        return await _signatures(request, agent, body)
    site = request.site
    called = ToolRequest.from_body(body, request.stores(agent))
    request.belongs_to(called.call.id, body.get("conversation_id"))
    tools: Mapping[str, Any] = agent.tools
    tool = tools.get(called.function)
    if agent.dynamic and (_opened(request, agent, tool, called) if tool else is_tool_name(called.function)):
        try:
            tool, tools, error_id = await _tool_of_call(request, agent, called)
        except Busy:
            return _answer_of(request, site.caller.busy(agent, called))
        if error_id is not None:
            return _answer_of(request, site.caller.unconfigured(agent, called, error_id))
    if tool is None:
        return _answer_of(request, ToolAnswer(explain_unknown(called.function, _names_shown(tools))))
    if not _opened(request, agent, tool, called):
        return _answer_of(request, site.caller.refused(agent, called))
    if tool.name == _HANG_UP:
        _hung_up(request, agent, called)
    request.scope["running"] = (tool.name, agent.key)  # type: ignore[typeddict-unknown-key]
    repeats, answer = site.repeats, None
    try:
        if tool.idempotent or repeats.wary:
            answer = await _answer_before(request, agent, tool, called)
        if answer is None:
            mark = repeats.running[request] = agent, tool, called
            if repeats.loop is None or repeats.loop.is_closed():
                repeats.watch()
            try:
                answer = await site.caller.answer(agent, tool, called, request.sibling)
            finally:
                del repeats.running[request]
                if repeats.registered or request.closed():
                    repeats.ended(request, mark, answer)
        return _answer_of(request, answer)
    except asyncio.CancelledError as cut_off:  # the host has to stop before the tool has ended
        return _answer_of(request, site.caller.cut_off(agent, tool, called, cut_off))


async def _answer_before(request: Request, agent: Mounted, tool: Tool, called: ToolRequest) -> ToolAnswer | None:
    """Return the answer of an idempotent tool or of a repeated run, or None."""
    site = request.site
    if tool.idempotent:
        begun = request.principal.begins
        store = site.runtime.state.serving().own(f"tool calls of {begun}" if begun else "tool calls")
        return await answer_once(site.caller, store, agent, tool, called, request.sibling)
    return await site.repeats.earlier(agent, tool, called, request.sibling, request)


def _hung_up(request: Request, agent: Mounted, called: ToolRequest) -> None:
    """Note the end of a call, unless its summary follows."""
    calls = request.site.runtime.calls
    if calls is not None and not agent.dynamic and not declared(agent.agent).draft.post_prompt:
        calls.end(agent.route, called.call.id, conversation_id(called.call.raw_data))


def _answer_of(request: Request, answer: ToolAnswer) -> Answer:
    return 200, request.rules.json, encoded(answer, request.resolve)


def _opened(request: Request, agent: Mounted, tool: Tool, called: ToolRequest) -> bool:
    """Return True if the request has the right token, or needs none."""
    if not tool.secure:
        return True
    token = query_value(request.scope["query_string"], b"__token", b"token") or ""
    call = called.call
    ids = (call.id,) if "conversation_id" not in call.raw_data else (call.id, conversation_id(call.raw_data))
    return request.published.tokens[agent.route].verify(token, agent.route, tool.name, *ids)


async def _tool_of_call(
    request: Request, agent: Mounted, called: ToolRequest
) -> tuple[Tool | None, Mapping[str, Any], str | None]:
    """Return the tool of an agent configured per call, or the ID of a failure."""
    run = partial(configure, agent.agent, request.query(), called.call.raw_data, request.headers())
    done = await request.site.caller.attempt(agent, "document", run, seconds=agent.limits.document_timeout)
    if done.error_id is not None:
        return None, {}, done.error_id
    return tool_of(agent.agent, done.result, called.function), declared(done.result).draft.tools, None


def _names_shown(tools: Mapping[str, Any]) -> list[str]:
    """Return the names of the tools that this host runs and models can call."""
    here = (name for name, tool in tools.items() if isinstance(tool, Tool) and tool.webhook_url is None)
    return [name for name in here if name not in (START.tool, END.tool)]


async def _signatures(request: Request, agent: Mounted, body: dict[str, Any]) -> Answer:
    """Return the descriptions of the agent's tools, for a document elsewhere that includes them.

    ``functions`` names the tools. It defaults to all.
    """
    status, headers, document = await documents.render(request, agent, call_id(body), body)
    verbs = json.loads(document)["sections"]["main"]
    ai: dict[str, Any] = next((verb["ai"] for verb in verbs if "ai" in verb), {})
    described = ai.get("SWAIG", {}).get("functions", [])
    wanted = body.get("functions")
    if isinstance(wanted, list) and wanted:
        described = [function for function in described if function["function"] in wanted]
    return status, headers, _encode(described)
