"""``agenthost run``."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.first_agent import first_agent
from agenthost._cli.parts.options import config_file, configuration, from_here, program_of, sourced
from agenthost._cli.parts.output import echo, let_go, print_warnings
from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._host.config.value_types import URL, Refused
from agenthost._host.operations.terminal import banner, on_terminal
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan
    from agenthost._web.supervisor.reading import Reader

__all__ = ["command"]


def _checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Reject a ``--public-url`` that is not a URL."""
    try:
        return value and str(URL.read(value))
    except Refused as refused:
        msg = f"{refused}. fix: write --public-url https://agents.example.com"
        raise click.BadParameter(msg) from refused


@click.command("run")
@click.argument("target", required=False, type=click.Path())
@config_file
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 3000]")
@click.option("--uds", metavar="PATH", help="Unix socket to listen on instead of a port.")
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
@click.pass_obj
def command(reader: Reader | None, /, target: str | None, file: str | None, **options: Any) -> None:
    """Serve every installed agent.

    TARGET is a file with agents or a folder with pyproject.toml, which is served as if it was installed, or the
    AgentServer of a program, as MODULE:NAME, which every worker imports.

    The port opens first, then the agents are built. An agent that fails is quarantined and shown with a fix; the others
    are served. On SIGTERM and Ctrl-C, the host finishes the requests in flight.
    """
    from agenthost._host.walls.kernel import set_debuggable

    if reader is not None and target is not None:  # what a target needs lasts as long as the host
        reader.decline()
        return
    set_debuggable(False)  # before the secrets are read
    program = program_of(target)
    if program is not None and options["agents"]:
        msg = "--only has no effect on a program, which registers its agents itself."
        raise click.UsageError(msg)
    config = configuration(file, sourced=target is not None, program=program, **options)
    set_debuggable(config.host.debuggable)
    with sourced(target) if program is None else from_here():
        _run(config, reader)


def _run(config: Config, reader: Reader | None) -> None:
    if config.program is None and not discover((AGENTS, PLUGINS)):
        echo(first_agent(), err=True)
        sys.exit(ExitCode.PLUGIN)
    from agenthost._host.runtime.start import report_generated, start_logging, with_secrets
    from agenthost._web.process.ports import address, opened_for

    made = not config.host.accepted_passwords
    config = with_secrets(config)
    with opened_for(config) as opened:
        if reader is not None:
            _hand_over(reader, config, opened, made=made)
            return
        start_logging(config)
        report_generated(config)
        tell = partial(show, config, address(opened), made=made)
        gc.enable()
        if hasattr(os, "posix_spawn"):
            from agenthost._web.supervisor.serving import serve_with_workers

            serve_with_workers(opened, config, tell)
        else:
            _serve_here(opened, config, tell)


def _hand_over(reader: Reader, config: Config, opened: socket.socket, *, made: bool) -> None:
    """Let the supervisor serve, and print the served agents for it."""
    from agenthost._web.process.ports import address

    url = address(opened)
    report = reader.hand_over(config, opened)
    if report is not None:
        reader.printed(_print_served(config, url, report, made=made))


def _serve_here(opened: socket.socket, config: Config, tell: Callable[[Mapping[str, Any]], None]) -> None:
    """Serve in this process, on systems without Unix processes.

    Raises:
        click.UsageError: a program is to be served, which needs workers.
    """
    if config.program is not None:
        msg = f"{config.program} needs processes of Unix. fix: run the file of the program with python"
        raise click.UsageError(msg)
    from agenthost._host.runtime.start import installed_plan, remember
    from agenthost._web.process.serving import serve_on

    def ready(plan: HostPlan) -> None:
        remember(config, plan)
        tell(plan.report())

    serve_on(opened, config, partial(installed_plan, config, serving=True), ready)


def show(config: Config, url: str, report: Mapping[str, Any], *, made: bool) -> None:
    """Print the served agents and the failures, and log the failures."""
    from agenthost._web.supervisor.reading import tell_started

    tell_started(config, report, partial(_print_served, config, url, made=made))


def _print_served(config: Config, url: str, report: Mapping[str, Any], *, made: bool) -> str | None:
    """Print the served agents and the warnings, and return the reason if that fails."""
    from agenthost._host.telemetry.log import for_programs

    problem = None
    try:
        echo(banner(config, url, report, made=made, terminal=on_terminal()))
    except OSError as error:  # a full disk, or a closed pipe, must not stop the host
        let_go(sys.stdout)
        problem = error.strerror
    if not for_programs(config):
        print_warnings(report["warnings"])
    return problem
