"""``agenthost reload``."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from agenthost._cli.options import as_json, config_file, configuration
from agenthost._cli.output import echo
from agenthost.errors import ExitCode

__all__ = ["RELOAD_SECONDS", "command", "reload_report"]

RELOAD_SECONDS = 600.0
"""Timeout of a reload, in seconds."""
_WORDS = {
    "added": "new",
    "changed": "rebuilt",
    "removed": "no longer served",
    "failed": "quarantined",
    "applied": "applied",
    "left": "not applied, since it is another agent's",
    "replaced": "workers replaced",
    "restart": "needs a restart",
}


@click.command("reload")
@click.argument("agent", required=False)
@config_file
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the host.  [default: the configured one]")
@as_json
def command(agent: str | None, file: str | None, port: int | None, as_json: bool) -> None:
    """Make the host on this machine reread its configuration and packages.

    New, changed and removed agents take effect while the host serves; with AGENT, only that agent is rebuilt. Calls in
    progress stay with the agents they started with, for up to 30 minutes. If the new configuration cannot be served,
    the host keeps the old one, and the command prints the reason. Newly installed code is loaded by replacing the
    workers one by one. A host without workers needs a restart for it, and the command exits with 1.
    """
    from agenthost._host.operations.control_socket import ask_host, socket_path

    config = configuration(file, port=port)
    told = ask_host(socket_path(config), {"command": "reload", "agent": agent}, RELOAD_SECONDS)
    echo(json.dumps(told, indent=2) if as_json else reload_report(told))
    if told["restart"]:
        sys.exit(ExitCode.FINDINGS)


def reload_report(told: dict[str, Any]) -> str:
    """Return the answer of a host to a reload as text."""
    lines = [f"  {words}: {item}" for kind, words in _WORDS.items() for item in told.get(kind, ())]
    return "\n".join([f"{told['agents']} agents served" + (":" if lines else ", nothing has changed"), *lines])
