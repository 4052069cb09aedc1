"""The page of an agent."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from agenthost._host.access.principals import OPERATE
from agenthost._web.console.agents.described import described
from agenthost._web.console.agents.scenario_page import listed_scenarios
from agenthost._web.console.agents.shown_agent import shown_agent
from agenthost._web.console.agents.shown_settings import shown_settings
from agenthost._web.console.agents.steps_picture import steps_picture

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["agent_page"]


async def agent_page(asked: PageRequest) -> Answer:
    """Return the page of an agent: its state, and its document."""
    status = await asked.status()
    [key] = asked.names
    shown = shown_agent(asked.request, status, key)
    document, agent = shown["document"], asked.request.published.plan.find(key)
    config = asked.request.rules.settings.config
    settings = [] if document is None or agent is None else shown_settings(config, agent)
    scenarios = await listed_scenarios(asked.request, agent)
    if asked.as_json:
        told = [{name: value for name, value in each.items() if name != "text"} for each in scenarios]
        return asked.json({**shown, "settings": settings, "scenarios": told})
    parts = None if document is None else described(document)
    return await asked.page(
        "agent",
        agent=shown["agent"],
        note=shown["note"],
        parts=parts,
        pictures=[steps_picture(context["steps"]) for context in parts["contexts"]] if parts is not None else [],
        settings=settings,
        scenarios=scenarios,
        token=asked.token() if scenarios and asked.request.may(OPERATE, agent) else "",
        raw=json.dumps(document, indent=2, ensure_ascii=False),
        problems=[each for each in status["problems"] if each["problem"].startswith(f"agent {key} ")],
        now=time.time(),
    )
