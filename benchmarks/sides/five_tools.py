"""A program with two agents of five tools.

``/same`` has one document, and ``/each`` is configured for each call.
"""

from __future__ import annotations

import sys
from typing import Any

from agenthost import AgentBase, AgentServer, FunctionResult

TOOLS = ("book", "move", "cancel", "price", "hours")


def agent(name: str) -> AgentBase:
    """Return a small agent with five tools."""
    made = AgentBase(name, f"/{name}")
    made.prompt_add_section("Role", "You book visits.", bullets=["Be brief", "Name the price"])
    made.add_language("English", "en-US", "rime.spore")
    day = {"day": {"type": "string", "description": "The day of the visit", "enum": ["mon", "tue", "wed"]}}
    for tool in TOOLS:
        made.define_tool(tool, f"Use this to {tool}.", day, answer, required=["day"])
    return made


def answer(args: dict[str, Any]) -> FunctionResult:
    """Return an answer of any tool."""
    return FunctionResult(f"Done for {args['day']}.")


def configure(query: dict[str, str], body: dict[str, Any], _headers: dict[str, str], copy: AgentBase) -> None:
    """Add the caller to the prompt."""
    caller = body.get("call", {}).get("from", query.get("from", "somebody"))
    copy.prompt_add_section("Caller", f"The caller is {caller}.")
    copy.set_global_data({"caller": caller})


if __name__ == "__main__":
    server = AgentServer(port=int(sys.argv[1]))
    server.register(agent("same"))
    each = agent("each")
    each.set_dynamic_config_callback(configure)
    server.register(each)
    server.run()
