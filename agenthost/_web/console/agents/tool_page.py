"""The page of a tool, where it can be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._host.access.principals import OPERATE
from agenthost._web.console.agents.described import described
from agenthost._web.console.agents.shown_agent import shown_agent
from agenthost._web.console.agents.tried_tool import PREFIX, run_tool, why_not
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["tool_page"]

_MOST_ARGUMENTS = 65536
"""The longest form with arguments of a tool, in bytes."""


async def tool_page(asked: PageRequest) -> Answer:
    """Return the page of a tool, with its answer if it was tried.

    Raises:
        Refused: there is no such tool, or it cannot be tried.
    """
    request, (key, name) = asked.request, asked.names
    shown = shown_agent(request, await asked.status(), key)
    tools = described(shown["document"])["tools"] if shown["document"] is not None else []
    tool = next((each for each in tools if each["name"] == name), None)
    if tool is None:
        raise Refused(404)
    if asked.as_json:
        return asked.json(tool)
    agent = next((each for each in request.published.plan.agents if each.key == key), None)
    reason = why_not(request, agent, name)
    form: Mapping[str, str] = {}
    answer = ""
    if asked.posted:
        if agent is None or not request.may(OPERATE, agent):
            raise request.forbidden(OPERATE)
        form = await asked.form(_MOST_ARGUMENTS)
        if reason:
            raise Refused(409, reason)
        answer = await run_tool(request, agent, agent.tools[name], tool["arguments"], form)
    token = "" if reason else asked.token()
    return await asked.page(
        "tool", key=key, tool=tool, reason=reason, answer=answer, values=form, prefix=PREFIX, token=token
    )
