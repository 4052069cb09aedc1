"""Tool calls: ``POST R/swaig``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._host.calling import REFUSED_TOKEN
from agenthost._web import documents
from agenthost._web.requests import query_value
from agenthost.swaig import ToolRequest, encode_answer

if TYPE_CHECKING:
    from agenthost._host.plan import Mounted
    from agenthost._web.site import Answer, Request

__all__ = ["METHODS", "answer"]

METHODS = documents.METHODS


async def answer(request: Request, agent: Mounted) -> Answer:
    """What the tool says: 200 whatever becomes of it, for the model must have something to say."""
    if request.scope["method"] != "POST":
        return await documents.answer(request, agent)
    called = ToolRequest.from_body(await request.body())
    site = request.site
    tool = agent.tools.get(called.function)
    if tool is None:
        return 200, site.json, encode_answer(f"There is no function called {called.function}.", request.resolve)
    if tool.secure:
        token = query_value(request.scope["query_string"], b"__token", b"token") or ""
        if not site.runtime.tokens.verify(token, agent.route, tool.name, called.call.id):
            return 200, site.json, encode_answer(REFUSED_TOKEN, request.resolve)
    return 200, site.json, await site.caller.answer(agent, tool, called, request.resolve)
