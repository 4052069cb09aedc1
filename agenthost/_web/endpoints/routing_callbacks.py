"""Routing callbacks: ``POST R/<path>``, where an agent's function chooses the agent of a call."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING

from agenthost._host.plan.routes import normalise
from agenthost._web.endpoints import documents
from agenthost.tools.swaig import call_id

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer"]


async def answer(request: Request, agent: Mounted, path: str) -> Answer:
    """Return the document of the agent whose route the callback returns, else of this one.

    A callback cannot redirect to another server.
    """
    if request.scope["method"] != "POST":
        return await documents.answer(request, agent)
    body = await request.body("callback", agent)
    callback = agent.routing[path]
    run, on_loop = partial(callback, body, request.headers()), inspect.iscoroutinefunction(callback)
    route = (await request.site.caller.attempt(agent, "routing callback", run, name=path, on_loop=on_loop)).result
    target = request.published.table.agents.get(normalise(route)) if isinstance(route, str) else None
    if target is None or not request.published.reach.allows(agent, target):
        target = agent
    return await documents.render(request, target, call_id(body), body)
