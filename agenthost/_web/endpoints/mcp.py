"""The Model Context Protocol: ``POST R/mcp``, where an agent offers its tools.

It is JSON-RPC 2.0 with one response per request (MCP 2025-06-18, "Streamable HTTP" without streams). An agent enables
it by ``enable_mcp_server``. Callers need the host's credentials, but no token, as there is no call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from agenthost._version import __version__
from agenthost._web.endpoints.tool_calls import names_shown
from agenthost._web.request.requests import Refused
from agenthost.tools.call_sentences import explain_unknown
from agenthost.tools.swaig import ToolRequest

if TYPE_CHECKING:
    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = ["METHODS", "answer"]

METHODS = ("POST", "OPTIONS")

_PROTOCOL = "2025-06-18"
_INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS = -32600, -32601, -32602
_encode = msgspec.json.Encoder().encode


async def answer(request: Request, agent: Mounted) -> Answer:
    """Answer a client of the protocol.

    Raises:
        Refused: 404 if the agent has not enabled it.
    """
    if not agent.mcp_server:
        raise Refused(404)
    message = await request.body("mcp", agent)
    request.belongs_to(None)
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
            "protocolVersion": _PROTOCOL,
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


async def _call(request: Request, agent: Mounted, message: dict[str, Any], params: Any) -> bytes:
    """Run a tool as a tool call would, and return its text."""
    name = params.get("name") if isinstance(params, dict) else None
    if not isinstance(name, str):
        return _error(message, _INVALID_PARAMS, "params.name must be the name of a tool")
    tool = agent.tools.get(name)
    if tool is None or tool.webhook_url is not None:
        return _result(message, _content(explain_unknown(name, names_shown(agent.tools)), failed=True))
    body = {"function": name, "argument": {"parsed": [params.get("arguments")]}}
    called = ToolRequest.from_body(body, request.stores(agent))
    answer = await request.site.caller.answer(agent, tool, called, request.sibling)
    return _result(message, _content(answer.text, failed=answer.outcome != "ok"))


def _content(text: str, *, failed: bool) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def _result(message: dict[str, Any], result: dict[str, Any]) -> bytes:
    return _encode({"jsonrpc": "2.0", "id": message.get("id"), "result": result})


def _error(message: dict[str, Any], code: int, sentence: str) -> bytes:
    return _encode({"jsonrpc": "2.0", "id": message.get("id"), "error": {"code": code, "message": sentence}})
