"""The endpoints of agents and of the host, with their methods and scopes.

A request pays for its own endpoint: all but those of every voice call are imported when they are first asked.
"""

# ruff: noqa: PLC0415 - the purpose of this module

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from agenthost._host.access.principals import CALL, OBSERVE
from agenthost._web.endpoints import documents, tool_calls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Answer, Request

__all__ = [
    "AGENT_ENDPOINTS",
    "CONSOLE",
    "DOCUMENT_METHODS",
    "HOST_ENDPOINTS",
    "ITSELF",
    "MCP",
    "MCP_ENDPOINT",
    "SIP_ENDPOINT",
    "TIMED_ENDPOINT",
    "HostEndpoint",
    "is_text",
    "reached_in_text",
]

ITSELF = "itself"
"""In place of a scope: the endpoint authorises the caller itself."""
MCP = "/v1/mcp"
"""The path of MCP clients for the whole host."""
CONSOLE = "/-/"
"""The beginning of the paths of the console."""
_TEXT = "/v1/"
DOCUMENT_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_READ = ("GET", "HEAD", "OPTIONS")
_WRITE = ("POST", "OPTIONS")

AgentEndpoint: TypeAlias = "tuple[Callable[[Request, Mounted], Awaitable[Answer]], Sequence[str], str]"
"""Its answer, its methods and the scope that it needs."""
HostEndpoint: TypeAlias = "tuple[Callable[[Request], Awaitable[Answer]], Sequence[str], str | None]"
"""The same; the scope is None if it depends on the agent, and the endpoint asks itself."""


async def _post_prompt(request: Request, agent: Mounted) -> Answer:
    from agenthost._web.endpoints import post_prompt

    return await post_prompt.answer(request, agent)


async def _check_for_input(request: Request, agent: Mounted) -> Answer:
    from agenthost._web.endpoints import check_for_input

    return await check_for_input.answer(request, agent)


async def _debug_events(request: Request, agent: Mounted) -> Answer:
    from agenthost._web.endpoints import debug_events

    return await debug_events.answer(request, agent)


async def _mcp(request: Request, agent: Mounted) -> Answer:
    from agenthost._web.endpoints import mcp

    return await mcp.answer(request, agent)


async def _mcp_of_host(request: Request) -> Answer:
    from agenthost._web.endpoints import mcp

    return await mcp.answer_for_host(request)


async def _sip(request: Request, agent: Mounted) -> Answer:
    from agenthost._web.endpoints import sip

    return await sip.answer(request, agent)


async def _sip_of_host(request: Request) -> Answer:
    from agenthost._web.endpoints import sip

    return await sip.answer_for_host(request)


async def _timed(request: Request) -> Answer:
    from agenthost._web.endpoints import sip

    return await sip.answer_by_time(request)


async def _sip_unmatched(request: Request) -> Answer:
    from agenthost._web.endpoints import sip

    return await sip.answer_unmatched(request)


async def _metrics(request: Request) -> Answer:
    from agenthost._web.endpoints import metrics

    return await metrics.answer_for_host(request)


async def _status(request: Request) -> Answer:
    from agenthost._web.endpoints import metrics

    return await metrics.answer_status(request)


async def _agent_metrics(request: Request) -> Answer:
    from agenthost._web.endpoints import agent_metrics

    return await agent_metrics.answer_for_host(request)


AGENT_ENDPOINTS: Mapping[str, AgentEndpoint] = {
    "": (documents.answer, DOCUMENT_METHODS, CALL),
    "swaig": (tool_calls.answer, DOCUMENT_METHODS, CALL),
    "post_prompt": (_post_prompt, DOCUMENT_METHODS, CALL),
    "check_for_input": (_check_for_input, DOCUMENT_METHODS, CALL),
    "debug_events": (_debug_events, _WRITE, CALL),
    "mcp": (_mcp, _WRITE, ITSELF),
    "sip": (_sip, _WRITE, CALL),
}
"""The endpoints of agents, by the last segments of their paths."""
HOST_ENDPOINTS: Mapping[str, HostEndpoint] = {
    "/metrics": (_metrics, _READ, OBSERVE),
    "/-/metrics.json": (_agent_metrics, _READ, OBSERVE),
    "/-/status.json": (_status, _READ, OBSERVE),
    "/-/sip/unmatched": (_sip_unmatched, _READ, OBSERVE),
}
"""The endpoints that every host has, by path."""
SIP_ENDPOINT: HostEndpoint = (_sip_of_host, _WRITE, None)
TIMED_ENDPOINT: HostEndpoint = (_timed, DOCUMENT_METHODS, None)
MCP_ENDPOINT: HostEndpoint = (_mcp_of_host, _WRITE, ITSELF)


def reached_in_text(path: str, agents: Mapping[str, Mounted]) -> tuple[Mounted | None, str] | None:
    """Return the agent and the path below its base URL.

    The agent is None below the host's base URL. The result is None if the path has no ``/v1/``.
    """
    route, slash, rest = path.partition(_TEXT)
    if not slash or not route:
        return (None, path) if slash else None
    agent = agents.get(route)
    return (agent, f"{slash}{rest}") if agent is not None else None


def is_text(path: str, agents: Mapping[str, Mounted]) -> bool:
    """Return True if a path has an endpoint for clients in text."""
    from agenthost._web.endpoints import v1

    found = reached_in_text(path, agents)
    return found is not None and found[1].startswith(v1.PATHS)
