"""Plans of agents made in code, for tests that need no installed package."""

from __future__ import annotations

from attrs import fields

from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.stages import Built, Extensions, Loaded
from agenthost._host.plan.plan import make_plan


def built(*agents):
    """Agents as the loader gives them, each under its own name."""
    return tuple(Built.in_code(agent.name, agent, AgentConfig()) for agent in agents)


def plan_of(*agents, config=None, **loaded):
    """The plan of a program with these agents.

    Args:
        agents: its agents.
        config: its configuration; left out, what holds without any.
        loaded: what else was loaded, by field of ``Loaded`` or of ``Extensions``.
    """
    hooks = {name: loaded.pop(name) for name in [each.name for each in fields(Extensions)] if name in loaded}
    return make_plan(config or Config(), Loaded(built=built(*agents), extensions=Extensions(**hooks), **loaded))
