"""Agents for clients of the Model Context Protocol, by its official SDK.

Each agent that has enabled it answers at its own endpoint, and the host at ``/v1/mcp`` for all agents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost import McpServer, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost import McpOffer, McpRequest

__all__ = ["answer", "mcp_servers"]


async def answer(offer: McpOffer, request: McpRequest) -> tuple[int, Sequence[tuple[bytes, bytes]], bytes]:
    """Answer a request.

    Args:
        offer: the agents that the caller may use.
        request: the request, which the host has checked.
    """
    from agenthost_mcp import http  # noqa: PLC0415 - the SDK takes a second, which only a serving host needs

    return await http.answer(offer, request)


_SERVER = McpServer("mcp", answer, imports=("agenthost_mcp.http",))


@hookimpl
def mcp_servers() -> list[McpServer]:
    """Offer the server."""
    return [_SERVER]
