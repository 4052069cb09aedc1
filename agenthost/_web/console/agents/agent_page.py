"""The page of an agent."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from agenthost._web.console.agents.described import described
from agenthost._web.console.agents.shown_agent import shown_agent

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["agent_page"]


async def agent_page(asked: PageRequest) -> Answer:
    """Return the page of an agent: its state, and its document."""
    status = await asked.status()
    [key] = asked.names
    shown = shown_agent(asked.request, status, key)
    if asked.as_json:
        return asked.json(shown)
    document = shown["document"]
    return await asked.page(
        "agent",
        agent=shown["agent"],
        note=shown["note"],
        parts=None if document is None else described(document),
        raw=json.dumps(document, indent=2, ensure_ascii=False),
        problems=[each for each in status["problems"] if each["problem"].startswith(f"agent {key} ")],
        now=time.time(),
    )
