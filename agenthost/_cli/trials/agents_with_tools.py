"""The agents that have tools to call, where a command names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._cli.parts.first_agent import first_agent
from agenthost._cli.parts.output import echo, print_json

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["the_only_agent"]


def the_only_agent(config: Config, *, as_json: bool) -> str | None:
    """Return the only installed agent, or print all agents with their tools and return None."""
    from agenthost._host.operations.terminal import table
    from agenthost._host.runtime.start import installed_plan, start_logging

    start_logging(config, for_people=True)
    plan = installed_plan(config)
    rows = plan.report()["agents"]
    if as_json:
        print_json([{"agent": agent.key, "tools": list(agent.functions)} for agent in plan.agents])
    elif not rows:
        echo(first_agent())
    elif len(rows) == 1 and plan.agents:
        echo(f"Tools of the agent {plan.agents[0].key}:\n")
        return plan.agents[0].key
    else:
        tools = {agent.key: ", ".join(agent.functions) or "–" for agent in plan.agents}
        cells = [([row["agent"], tools.get(row["agent"], row["state"])], row.get("remedy", "")) for row in rows]
        echo(table(("agent", "tools"), cells))
        echo("\nagenthost tool AGENT lists the arguments of its tools.")
    return None
