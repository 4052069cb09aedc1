"""The message for a host without agents."""

from __future__ import annotations

__all__ = ["FIRST_AGENT"]

FIRST_AGENT = """\
No agent is installed in this environment.

Install a package that offers one (an entry point in the group agenthost.agents), then try again.
In a checkout of agenthost, from its top folder:

  pip install ./plugins/agenthost-frontdesk
  agenthost run

To write one, with its tests and its pyproject.toml:

  agenthost new cinema"""
