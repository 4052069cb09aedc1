"""``agenthost run``."""

from __future__ import annotations

import gc
import logging
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.first_agent import FIRST_AGENT
from agenthost._cli.parts.options import config_file, configuration, sourced
from agenthost._cli.parts.output import echo, let_go, print_warnings
from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._host.config.value_types import URL, Refused
from agenthost._host.operations.terminal import banner, failures, on_terminal
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan

__all__ = ["command"]

_log = logging.getLogger("agenthost")


def _checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Reject a ``--public-url`` that is not a URL."""
    try:
        return value and str(URL.read(value))
    except Refused as refused:
        msg = f"{refused}. fix: write --public-url https://agents.example.com"
        raise click.BadParameter(msg) from refused


@click.command("run")
@click.argument("target", required=False)
@config_file
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 3000]")
@click.option("--workers", type=click.IntRange(1), help="Number of worker processes.  [default: 1]")
@click.option(
    "--public-url",
    metavar="URL",
    callback=_checked,
    help="Public URL of this host, such as https://agents.example.com.",
)
@click.option(
    "--only",
    "agents",
    metavar="AGENT",
    multiple=True,
    callback=lambda _context, _option, values: values or None,
    help="Serve only this agent, or those that match a pattern such as 'genie*'; repeatable.",
)
@click.option("--strict", is_flag=True, default=None, help="Refuse to start if any agent or plugin fails.")
def command(target: str | None, file: str | None, **options: Any) -> None:
    """Serve every installed agent.

    TARGET is a file with agents or a folder with pyproject.toml, which is served as if it was installed.

    The port opens first, then the agents are built. An agent that fails is quarantined and shown with a fix; the others
    are served. On SIGTERM and Ctrl-C, the host finishes the requests in flight.
    """
    from agenthost._host.walls.kernel import set_debuggable

    set_debuggable(False)  # before the secrets are read
    config = configuration(file, sourced=target is not None, **options)
    set_debuggable(config.host.debuggable)
    with sourced(target):
        _run(config)


def _run(config: Config) -> None:
    if not discover((AGENTS, PLUGINS)):
        echo(FIRST_AGENT, err=True)
        sys.exit(ExitCode.PLUGIN)
    from agenthost._host.runtime.start import report_generated, start_logging, with_secrets
    from agenthost._web.process.ports import address, listen

    made = not config.host.accepted_passwords
    config = with_secrets(config)
    start_logging(config)
    report_generated(config)
    with listen(config.host.host, config.host.port) as opened:
        tell = partial(show, config, address(opened), made=made)
        gc.enable()
        if hasattr(os, "posix_spawn"):
            from agenthost._web.supervisor.serving import serve_with_workers

            serve_with_workers(opened, config, tell)
        else:
            _serve_here(opened, config, tell)


def _serve_here(opened: socket.socket, config: Config, tell: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve in this process, on systems without Unix processes."""
    from agenthost._host.runtime.start import installed_plan, remember
    from agenthost._web.process.serving import serve_on

    def ready(plan: HostPlan) -> None:
        remember(config, plan)
        tell(plan.report())

    serve_on(opened, config, partial(installed_plan, config, serving=True), ready)


def show(config: Config, url: str, report: Mapping[str, Any], *, made: bool) -> None:
    """Print the served agents and the failures, and log the failures."""
    for failure in failures(report):
        _log.warning("%s", failure)
    from agenthost._host.telemetry.log import for_programs

    try:
        echo(banner(config, url, report, made=made, terminal=on_terminal()))
    except OSError as error:  # a full disk, or a closed pipe, must not stop the host
        let_go(sys.stdout)
        _log.warning("the list of agents cannot be printed: %s", error.strerror)
    if for_programs(config):
        for warning in report["warnings"]:
            _log.warning("%s", warning)
    else:
        print_warnings(report["warnings"])
