"""A directory for a program: its configuration and its state."""

from __future__ import annotations

from agenthost import AgentServer

HOST = ("agenthost", "for tests of the host")
CONSOLE = f"""
[host]
password = "{HOST[1]}"
[console]
enabled = true
"""
"""A configuration with a console, which further tables may follow."""


def work_in(directory, patch, file):
    """Work in a directory with a configuration and a state directory.

    ``patch`` undoes what it changes in the process. Only the owner may read the file.
    """
    patch.chdir(directory)
    patch.setenv("AGENTHOST_STATE_DIR", str(directory / "state"))
    path = directory / "agenthost.toml"
    path.write_text(file, encoding="utf-8")
    path.chmod(0o600)


def app_in(directory, patch, file, *agents):
    """Return the application of a server that has some agents and a configuration."""
    work_in(directory, patch, file)
    server = AgentServer()
    for agent in agents:
        server.register(agent)
    return server.app
