"""Agents in files, for hosts in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenthost._host.runtime.find_agent import agents_of_file

if TYPE_CHECKING:
    from pathlib import Path

    from agenthost.agent.base import AgentBase

__all__ = ["agents_in_file"]


def agents_in_file(folder: Path, name: str) -> list[AgentBase]:
    """Build the agents of a file below a folder.

    ``name`` is ``path/to/file.py``, or ``path/to/file.py:Name`` for one of several.

    Raises:
        PlanError: the file cannot be loaded, or has no such agent.
    """
    path, _, attribute = name.partition(".py:") if ".py:" in name else (name, "", "")
    return agents_of_file(folder / (path if path.endswith(".py") else f"{path}.py"), attribute)
