"""Completion of agents and tools in a shell."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from agenthost._discovery import AGENTS, discover

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["agents", "installed_agents", "tools"]


def agents(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Return the installed agents, and Python files, that begin with a text.

    Nothing is imported.
    """
    from pathlib import Path

    files = Path().glob(f"{incomplete}*.py") if "/" not in incomplete and "*" not in incomplete else ()
    names = set(map(str, files))
    with suppress(click.UsageError), _project_of(context):
        names.update(installed_agents())
    return sorted(name for name in names if name.startswith(incomplete))


def installed_agents() -> list[str]:
    """Return the names of the installed agents without importing them."""
    return sorted({candidate.name for candidate in discover((AGENTS,))})


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
        with suppress(AgentHostError, click.UsageError), _project_of(context):  # completions are not the place for it
            names = find_agent(configuration(context.params.get("file")), str(agent))[1].functions
    finally:
        logging.disable(before)
    return sorted(name for name in names if name.startswith(incomplete))


def _project_of(context: click.Context) -> AbstractContextManager[object]:
    """Find the project of ``--project``, whose callback a completion does not run."""
    from agenthost._cli.parts.options import sourced

    return sourced(context.find_root().params.get("project"))
