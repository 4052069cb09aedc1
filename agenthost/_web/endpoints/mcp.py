"""The Model Context Protocol: ``POST R/mcp``, where an agent offers its tools.

It is JSON-RPC 2.0 with one response per request ("Streamable HTTP" without streams). An agent enables it by
``enable_mcp_server``. Callers need credentials as at ``/v1``, but no token, as there is no call. The server of a
plugin, such as agenthost-mcp, answers instead if there is one, and at ``POST /v1/mcp`` for all agents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._version import __version__
from agenthost._web.endpoints.mcp_offers import answer_by, authorise, called, offer_of, server_of
from agenthost._web.endpoints.tool_calls import names_shown
from agenthost._web.request.requests import Refused
from agenthost.tools.call_sentences import explain_unknown

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["answer", "answer_for_host"]

_PROTOCOLS = ("2025-06-18", "2025-11-25", "2025-03-26")
"""The versions of the protocol that mean the same here, the default first."""
_INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS = -32600, -32601, -32602
_encode = msgspec.json.Encoder().encode


async def answer(request: Request, agent: Mounted) -> Answer:
    """Answer a client of the protocol.

    Raises:
        Refused: 404 if the agent has not enabled it; see ``authorise``.
    """
    authorise(request, agent)
    if not agent.mcp_server:
        raise Refused(404)
    message = await request.body("mcp", agent)
    request.belongs_to(None)
    if (server := server_of(request)) is not None:
        return await answer_by(server, request, message, offer_of(request, agent))
    method = message.get("method")
    if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return 200, request.rules.json, _error(message, _INVALID_REQUEST, "not a JSON-RPC 2.0 request")
    if method.startswith("notifications/"):
        return 202, request.rules.shared, b""
    params = message.get("params") or {}
    if method == "tools/call":
        return 200, request.rules.json, await _call(request, agent, message, params)
    results: dict[str, dict[str, Any]] = {
        "initialize": {
            "protocolVersion": _version(params),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": agent.name, "version": agent.version or __version__},
        },
        "ping": {},
        "tools/list": {
            "tools": [
                {"name": tool.name, "description": tool.description, "inputSchema": tool.parameters}
                for tool in agent.tools.values()
                if tool.webhook_url is None
            ]
        },
    }
    if method not in results:
        return 200, request.rules.json, _error(message, _NO_METHOD, "there is no such method")
    return 200, request.rules.json, _result(message, results[method])


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


async def _call(request: Request, agent: Mounted, message: dict[str, Any], params: Any) -> bytes:
    """Run a tool as a tool call would, and return its text."""
    name = params.get("name") if isinstance(params, dict) else None
    if not isinstance(name, str):
        return _error(message, _INVALID_PARAMS, "params.name must be the name of a tool")
    tool = agent.tools.get(name)
    if tool is None or tool.webhook_url is not None:
        return _result(message, _content(explain_unknown(name, names_shown(agent.tools)), failed=True))
    output = await called(request, agent, tool, params.get("arguments"))
    return _result(message, _content(output.text, failed=output.failed))


def _version(params: Any) -> str:
    """Return the version that the client wants, if it is known."""
    wanted = params.get("protocolVersion") if isinstance(params, dict) else None
    return wanted if wanted in _PROTOCOLS else _PROTOCOLS[0]


def _content(text: str, *, failed: bool) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def _result(message: dict[str, Any], result: dict[str, Any]) -> bytes:
    return _encode({"jsonrpc": "2.0", "id": message.get("id"), "result": result})


def _error(message: dict[str, Any], code: int, sentence: str) -> bytes:
    return _encode({"jsonrpc": "2.0", "id": message.get("id"), "error": {"code": code, "message": sentence}})
