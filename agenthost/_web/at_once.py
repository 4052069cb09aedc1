"""Everything that a front imports at its first use, at once.

A process that serves imports this before its first request, and before a fork, so that no caller waits for an import.
A function of a serverless platform does not: it pays for what its one request needs.
"""

from __future__ import annotations

from agenthost._host.identity import turns
from agenthost._host.telemetry.prometheus import families, text
from agenthost._host.text import conversations
from agenthost._web import app, handlers
from agenthost._web.endpoints import agent_metrics, check_for_input, debug_events, mcp, metrics, post_prompt, sip, v1
from agenthost.conversation.matter import matter

__all__ = ["IMPORTED"]

IMPORTED = (
    *(agent_metrics, app, check_for_input, conversations, debug_events, families, handlers, mcp, metrics),
    *(post_prompt, sip, text, turns, v1),
)

matter("")  # compiles its patterns
