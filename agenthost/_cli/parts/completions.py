"""Completion of agents and tools in a shell."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost._discovery import AGENTS, discover

if TYPE_CHECKING:
    import click

__all__ = ["agents", "tools"]


def agents(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Return the installed agents, and Python files, that begin with a text.

    Nothing is imported.
    """
    from pathlib import Path

    files = Path().glob(f"{incomplete}*.py") if "/" not in incomplete and "*" not in incomplete else ()
    names = {candidate.name for candidate in discover((AGENTS,))} | {str(file) for file in files}
    return sorted(name for name in names if name.startswith(incomplete))


def tools(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Return the tools of the agent on the command line that begin with a text."""
    import logging

    from agenthost._cli.parts.options import configuration
    from agenthost._host.runtime.find_agent import find_agent
    from agenthost.errors import AgentHostError

    agent, names = context.params.get("agent"), tuple[str, ...]()
    before = logging.root.manager.disable
    logging.disable()  # a shell would show the log among the completions
    try:
        with suppress(AgentHostError):  # completions are not the place for it
            names = find_agent(configuration(context.params.get("file")), str(agent))[1].functions
    finally:
        logging.disable(before)
    return sorted(name for name in names if name.startswith(incomplete))
