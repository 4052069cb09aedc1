"""The SWML document: at an agent's route, and at ``/swaig`` for GET."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from agenthost._web.request.requests import query_value
from agenthost.agent.per_call import fallback_document, render_per_call
from agenthost.tools.swaig import call_id

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer", "render"]


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
        return 200, headers, template.filled(request.base(agent).encode(), mint, request.resolve)
    if not agent.dynamic:
        template = published.templates[agent.route]
        return 200, headers, template.render(request.own_base(agent).encode() if template.bases else b"", mint)
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
    return 200, headers, made.result if made.error_id is None else fallback_document(agent.agent)
