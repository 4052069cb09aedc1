"""``agenthost reload``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, at_host, config_file, configuration, control_socket
from agenthost._cli.parts.output import echo, leave_log_out
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["RELOAD_SECONDS", "command", "reload_report"]

RELOAD_SECONDS = 600.0
"""Timeout of a reload, in seconds."""
_LONGER = 30.0
"""Seconds that the command waits longer than the host, whose answer says more."""
_WORDS = {
    "packages": "package",
    "added": "new",
    "changed": "rebuilt",
    "removed": "no longer served",
    "failed": "quarantined",
    "routes": "route",
    "tools": "tool",
    "aliases": "SIP alias",
    "applied": "applied",
    "left": "not applied, since it is not this agent's",
    "replaced": "workers replaced",
    "restart": "needs a restart",
}


@click.command("reload")
@click.argument("agent", required=False)
@config_file
@at_host
@click.option("--accept", is_flag=True, help="Take what differs from agenthost.lock, and what would be lost.")
@click.option(
    "--timeout", type=click.FloatRange(1), default=RELOAD_SECONDS, show_default=True, help="Time limit in seconds."
)
@as_json
def command(
    agent: str | None,
    file: str | None,
    port: int | None,
    uds: str | None,
    accept: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Make the host on this machine reread its configuration and packages.

    A change of configuration takes effect in the serving processes; with AGENT, only that agent is rebuilt. If packages
    have changed, a new process imports them and builds the agents. If an agent would be lost, moved to another package
    or newly quarantined, nothing changes, the command prints the reason, and the exit code is 4. Otherwise the workers
    are replaced one by one, and the command waits for the last. Calls in progress stay with the agents they started
    with, for up to 30 minutes. If a change needs a restart, the command exits with 1.
    """
    from agenthost._host.operations.control_socket import ask_host

    config = configuration(file, port=port, uds=uds)
    request = {"command": "reload", "agent": agent, "accept": accept, "seconds": timeout}
    told = ask_host(control_socket(config, port), request, timeout + _LONGER, lambda words: echo(words, err=True))
    if accept:
        _lock_again(config)
    echo(json.dumps(told, indent=2) if as_json else reload_report(told))
    if told["restart"]:
        sys.exit(ExitCode.FINDINGS)


def _lock_again(config: Config) -> None:
    """Write what was accepted to the lock file, if there is one."""
    from agenthost._host.generations.lock import read_lock, write_lock

    if read_lock(config) is None:
        return
    leave_log_out()
    from agenthost._host.operations.locking import installed_lock

    lock, _ = installed_lock(config)
    write_lock(lock)
    echo(f"{lock.place}: written", err=True)


def reload_report(told: dict[str, Any]) -> str:
    """Return the answer of a host to a reload as text."""
    lines = [f"  {words}: {item}" for kind, words in _WORDS.items() for item in told.get(kind, ())]
    held = [f"  kept for calls in progress: {_held(each)}" for each in told.get("held", ())]
    return "\n".join([f"{told['agents']} agents served" + (":" if lines else ", nothing has changed"), *lines, *held])


def _held(generation: dict[str, Any]) -> str:
    known = generation["calls"]
    calls = "" if known is None else f"{known} call{'' if known == 1 else 's'}, "
    left = max(1, round(generation["seconds"] / 60))
    return f"generation {generation['generation']}, process {generation['process']}, {calls}at most {left} min"
