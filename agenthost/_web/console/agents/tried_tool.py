"""Trying a tool: a form made from its schema, and one call of it."""

from __future__ import annotations

import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OPERATE
from agenthost._web.console.agents.described import without_secrets
from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused
from agenthost._web.request.tool_answers import swaig_fields
from agenthost.tools.swaig import ToolRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.request.site import Request
    from agenthost.tools.tool import Tool

__all__ = ["PREFIX", "run_tool", "why_not"]

PREFIX = "argument."
"""The beginning of the fields of a form that are arguments."""

_log = logging.getLogger("agenthost.console")


def why_not(request: Request, agent: Mounted | None, name: str) -> str:
    """Return the reason for which a tool cannot be tried, or an empty text."""
    if agent is None or not agent.built_yet:
        return gettext("The agent is not served, or not built yet.")
    if not request.may(OPERATE, agent):
        return gettext("Trying a tool needs credentials with the scope operate for this agent.")
    if agent.dynamic:
        fix = gettext("Callbacks configure this agent for each call. fix: agenthost tool {agent} {tool}")
        return fix.format(agent=agent.key, tool=name)
    if (tool := agent.tools.get(name)) is None or tool.webhook_url is not None:
        return gettext("The tool does not run on this host.")
    return ""


async def run_tool(
    request: Request, agent: Mounted, tool: Tool, arguments: Sequence[Mapping[str, Any]], form: Mapping[str, str]
) -> str:
    """Call a tool once as a call would, and return its answer as JSON.

    ``arguments`` describes its arguments, and ``form`` has their values.

    Raises:
        Refused: 400 if a value is not JSON where it has to be.
    """
    call = f"console-{secrets.token_hex(8)}"
    given = _arguments(arguments, form)
    body = {"function": tool.name, "argument": {"parsed": [given]}, "call_id": call}
    called = ToolRequest.from_body(body, request.stores(agent))
    request.origin = agent
    fields = {"agent": agent.key, "tool": tool.name, "call": call, "principal": request.principal.name}
    _log.warning(
        "%s tries tool %s of %s in call %s",
        request.principal.name,
        tool.name,
        agent.key,
        call,
        extra={"fields": fields},
    )
    answer = await request.site.caller.answer(agent, tool, called, request.sibling)
    told = swaig_fields(answer, lambda key: f"agent:{key}")
    return json.dumps(without_secrets(told), indent=2, ensure_ascii=False, default=str)


def _arguments(arguments: Sequence[Mapping[str, Any]], form: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a form. An empty one is left out."""
    given = {}
    for each in arguments:
        text = form.get(PREFIX + each["name"], "").replace("\r\n", "\n")
        if not text:
            continue
        if each["kind"] == "text" or (each["kind"] == "choice" and text in each["choices"]):
            given[each["name"]] = text
            continue
        try:
            given[each["name"]] = json.loads(text)
        except (ValueError, RecursionError):
            if each["kind"] == "json":
                raise Refused(
                    400, gettext("the value of {argument} is not JSON").format(argument=each["name"])
                ) from None
            given[each["name"]] = text  # the tool refuses it as it would in a call
    return given
