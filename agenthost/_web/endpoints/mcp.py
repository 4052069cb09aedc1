"""The Model Context Protocol: ``POST R/mcp``, where an agent offers its tools.

An agent enables it by ``enable_mcp_server``. The server of a plugin, such as agenthost-mcp, answers, and at
``POST /v1/mcp`` for all agents. Callers need credentials as at ``/v1``, but no token, as there is no call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._web.endpoints.mcp_offers import answer_by, authorise, offer_of, server_of
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer", "answer_for_host"]

_NO_SERVER = "no plugin serves the Model Context Protocol on this host. fix: pip install agenthost-mcp"


async def answer(request: Request, agent: Mounted) -> Answer:
    """Answer a client of the protocol.

    Raises:
        Refused: 404 if the agent has not enabled it, 501 if no plugin offers a server; see ``authorise``.
    """
    authorise(request, agent)
    if not agent.mcp_server:
        raise Refused(404)
    server = server_of(request)
    if server is None:
        raise Refused(501, _NO_SERVER)
    message = await request.body("mcp", agent)
    request.belongs_to(None)
    return await answer_by(server, request, message, offer_of(request, agent))


async def answer_for_host(request: Request) -> Answer:
    """Answer a client of the protocol for all agents that it may use.

    Raises:
        Refused: 404 if no plugin offers a server; see ``authorise``.
    """
    authorise(request)
    server = server_of(request)
    if server is None:
        raise Refused(404)
    message = await request.body("mcp")
    return await answer_by(server, request, message, offer_of(request))
