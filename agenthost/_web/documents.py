"""The SWML document: at an agent's route, and at ``/swaig`` for GET."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from agenthost._web.requests import query_value
from agenthost.swaig import call_id

if TYPE_CHECKING:
    from agenthost._host.plan import Mounted
    from agenthost._web.site import Answer, Request

__all__ = ["METHODS", "answer", "render"]

METHODS = ("GET", "HEAD", "POST", "OPTIONS")


async def answer(request: Request, agent: Mounted) -> Answer:
    """The agent's document for one call."""
    if request.scope["method"] == "POST":
        return render(request, agent, call_id(await request.body()))
    return render(request, agent, query_value(request.scope["query_string"], b"call_id"))


def render(request: Request, agent: Mounted, call: str | None) -> Answer:
    """The agent's document; asked for without a call, it gets a call_id of its own, and a header tells it."""
    headers = request.site.document
    if not call:
        call = secrets.token_hex(16)
        headers = [*headers, (b"agenthost-call-id", call.encode())]
    template = request.published.templates[agent.route]
    base = request.base(agent).encode() if template.bases else b""
    return 200, headers, template.render(base, request.site.runtime.tokens.minter(agent.route, call))
