"""The agents of a host, as offered to one caller by the Model Context Protocol."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from agenthost._error_words import message_of
from agenthost._host.access.principals import TEXT
from agenthost._host.text.conversations import new_conversation
from agenthost._version import __version__
from agenthost._web.endpoints.chat.access import WithBearer, opened, principal_of
from agenthost._web.request.requests import Refused
from agenthost.agent.base import declared
from agenthost.errors import ConversationRefused, ModelError, StateUnavailable
from agenthost.hosting import McpOffer, McpRequest, OfferedAgent, OfferedTool, ToolOutput
from agenthost.results import HandOver
from agenthost.tools.swaig import ToolRequest

if TYPE_CHECKING:
    from typing import Any

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request
    from agenthost.hosting import McpServer
    from agenthost.tools.tool import Tool

__all__ = ["answer_by", "authorise", "called", "offer_of", "server_of"]

_HIDDEN = (b"authorization", b"cookie")
_LOOPBACK = (b"localhost", b"127.0.0.1", b"[")
_TOO_LONG = "The turn took too long."
_encode = msgspec.json.Encoder().encode


def authorise(request: Request, agent: Mounted | None = None) -> None:
    """Check the caller's credentials, in the forms of ``/v1``, and the origin of a browser.

    Raises:
        Refused: 401; 429 after too many failures; 403 for credentials that do not open the agent, or for a page of
            another site.
    """
    if agent is None:
        opened(request)
    else:
        request.authorise(TEXT, agent, WithBearer)
    origin = next((value for name, value in request.scope["headers"] if name == b"origin"), None)
    if origin is not None and not _is_own(request, origin.partition(b"://")[2].lower()):
        raise Refused(403, "the Origin is another site")


def _is_own(request: Request, site: bytes) -> bool:
    """Return True for a page of this host.

    Its name must be one that an attacker cannot point here (DNS rebinding).
    """
    public = request.site.runtime.config.host.public_url
    if public is not None and site == urlsplit(public).netloc.lower().encode():
        return True
    return site == request.head.host.lower() and (not request.rules.hosts.any or site.partition(b":")[0] in _LOOPBACK)


def server_of(request: Request) -> McpServer | None:
    """Return the server that a plugin offers, or None."""
    return next((server for _, server in request.published.plan.extensions.mcp_servers), None)


async def answer_by(server: McpServer, request: Request, body: dict[str, Any], offer: McpOffer) -> Answer:
    """Answer a request by the server of a plugin."""
    headers = [(name, value) for name, value in request.scope["headers"] if name not in _HIDDEN]
    status, given, content = await server.answer(offer, McpRequest(headers, _encode(body)))
    shared = [(name, value) for name, value in request.rules.json if name != b"content-type"]
    own = [(name, value) for name, value in given if name.lower() != b"content-length"]
    return status, [*shared, *own], content


def offer_of(request: Request, agent: Mounted | None = None) -> McpOffer:
    """Return the offer of an agent's endpoint, or of the host's."""
    plan = request.published.plan
    agents = [agent] if agent is not None else [each for each in plan.agents if request.may(TEXT, each)]
    return McpOffer(tuple(_offered(request, each) for each in agents), agent is None, __version__)


def _offered(request: Request, agent: Mounted) -> OfferedAgent:
    tools = [tool for tool in agent.tools.values() if tool.webhook_url is None] if agent.mcp_server else []
    return OfferedAgent(
        agent.key,
        agent.name,
        agent.version or __version__,
        declared(agent.agent).description,
        tuple(_tool(request, agent, tool) for tool in tools),
        partial(_asked, request, agent),
        partial(_prompt, request, agent) if agent.mcp_server else None,
    )


def _tool(request: Request, agent: Mounted, tool: Tool) -> OfferedTool:
    hints = ({"idempotentHint": True} if tool.idempotent else {}) | dict(tool.annotations)
    call = partial(called, request, agent, tool)
    return OfferedTool(tool.name, tool.description, tool.parameters, call, tool.title, hints)


async def called(request: Request, agent: Mounted, tool: Tool, arguments: object) -> ToolOutput:
    """Run a tool as a tool call would, and return its output."""
    body = {"function": tool.name, "argument": {"parsed": [arguments]}}
    asked = ToolRequest.from_body(body, request.stores(agent))
    answer = await request.site.caller.answer(agent, tool, asked, request.sibling)
    actions = [{"hand_over": each.agent} if isinstance(each, HandOver) else each for each in answer.actions]
    return ToolOutput(answer.text, {"actions": actions} if actions else {}, failed=answer.outcome != "ok")


async def _asked(request: Request, agent: Mounted, text: str, conversation: str | None) -> ToolOutput:
    """Send an agent a message, and return its answer."""
    named = conversation or new_conversation()
    conversations = request.site.turns.conversations
    try:
        reply = await conversations.say(
            request.published.plan, agent.key, named, text, principal=principal_of(request, agent)
        )
    except (ConversationRefused, ModelError, StateUnavailable, TimeoutError) as error:
        return ToolOutput(message_of(error) or _TOO_LONG, {"conversation": named}, failed=True)
    return ToolOutput(reply.text, {"agent": reply.agent, "conversation": named})


async def _prompt(request: Request, agent: Mounted) -> str:
    """Return an agent's prompt, or nothing if its code fails."""
    conversing = request.site.turns.conversations.conversing
    prepared = await conversing.prepare(agent, {"call_id": "mcp", "channel": "mcp"})
    return prepared.instructions if prepared is not None else ""
