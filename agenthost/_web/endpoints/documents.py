"""The SWML document: at an agent's route, and at ``/swaig`` for GET."""

from __future__ import annotations

import secrets
from functools import lru_cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from agenthost._host.telemetry.call_log import call_ended
from agenthost._host.telemetry.current_call import Owner
from agenthost._web.request.requests import query_value
from agenthost.agent.per_call import fallback_document, render_per_call
from agenthost.tools.swaig import call_id

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer", "render"]


@lru_cache(4096)
def _owner(agent: str) -> Owner:
    return Owner(agent, "rendering")


async def answer(request: Request, agent: Mounted) -> Answer:
    """Return the agent's document for one call."""
    if request.scope["method"] == "POST":
        body = await request.body("document", agent)
        return await render(request, agent, call_id(body), body)
    return await render(request, agent, query_value(request.scope["query_string"], b"call_id"), {})


async def render(request: Request, agent: Mounted, call: str | None, body: dict[str, Any]) -> Answer:
    """Return the agent's document.

    Without a call, the document gets a new call ID, which is also a header. If an agent's own code fails or is too
    slow, the caller gets the agent's fallback document.
    """
    began = perf_counter()
    headers: list[tuple[bytes, bytes]] = request.rules.document
    if not call:
        call = request.passed or secrets.token_hex(16)
        headers = [*headers, (b"agenthost-call-id", call.encode())]
    request.belongs_to(call)
    request.origin, published = agent, request.published
    tokens = published.tokens[agent.route]
    mint = tokens.minter(agent.route, call)
    if (calls := request.site.runtime.calls) is not None:
        calls.begun[agent.route, call] = tokens.call_lifetime
    if not agent.dynamic and (agent.route in published.crossing or request.apart(agent)):
        template = agent.template.of_generation(request.site.runtime.generation)
        document = template.filled(request.base(agent).encode(), mint, request.resolve)
        call_ended(_owner(agent.key), call, perf_counter() - began, "ok", None)
        return 200, headers, document
    if not agent.dynamic:
        template = published.templates[agent.route]
        document = template.render(request.own_base(agent).encode() if template.bases else b"", mint)
        call_ended(_owner(agent.key), call, perf_counter() - began, "ok", None)
        return 200, headers, document
    made = await request.site.caller.attempt(
        agent,
        "document",
        partial(
            render_per_call,
            agent.agent,
            request.base(agent),
            lambda tool: mint(tool).decode(),
            request.resolve,
            request.query(),
            body,
            request.headers(),
            request.site.runtime.generation,
        ),
        seconds=agent.limits.document_timeout,
    )
    outcome = "ok" if made.error_id is None else "failed"
    call_ended(_owner(agent.key), call, perf_counter() - began, outcome, made.error_id)
    return 200, headers, made.result if made.error_id is None else fallback_document(agent.agent)
