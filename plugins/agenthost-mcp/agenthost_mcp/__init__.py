"""Agents for clients of the Model Context Protocol, by its official SDK.

Each agent that has enabled it answers at its own endpoint, and the host at ``/v1/mcp`` for all agents.
"""

from __future__ import annotations

from agenthost import McpServer, hookimpl
from agenthost_mcp.http import answer

__all__ = ["answer", "mcp_servers"]


@hookimpl
def mcp_servers() -> list[McpServer]:
    """Offer the server."""
    return [McpServer("mcp", answer)]
