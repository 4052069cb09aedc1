"""The message for a host without agents."""

from __future__ import annotations

from agenthost._discovery import offered_here

__all__ = ["first_agent"]

_NONE = "No agent is installed in this environment."
_INSTALL = """\
Install a package that offers one (an entry point in the group agenthost.agents), then try again.
In a checkout of agenthost, from its top folder:

  pip install ./plugins/agenthost-frontdesk
  agenthost run

To write one, with its tests and its pyproject.toml:

  agenthost new cinema"""
_PROJECT = """\
The project in this folder offers {agents}. To serve it as it is, and again after each change:

  agenthost dev

Other commands find it with --project:

  agenthost --project . tool {first}"""


def first_agent() -> str:
    """Return the message, which names the next commands."""
    here = offered_here()
    more = _PROJECT.format(agents=", ".join(here), first=here[0]) if here else _INSTALL
    return f"{_NONE}\n\n{more}"
