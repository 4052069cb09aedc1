"""``agenthost run``."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from agenthost import __version__
from agenthost._cli.first_agent import FIRST_AGENT
from agenthost._cli.options import config_file, configuration
from agenthost._cli.tables import AGENT_COLUMNS, agent_rows, print_rows
from agenthost._host.discovery import AGENTS, PLUGINS, discover
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config import Config

__all__ = ["command"]

_LOG = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.command("run")
@config_file
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 3000]")
@click.option("--workers", type=click.IntRange(1), help="Processes that serve.  [default: 1]")
@click.option("--public-url", metavar="URL", help="Where callers reach this host, such as https://agents.example.com.")
@click.option("--strict", is_flag=True, default=None, help="Refuse to start when any agent or plugin fails.")
def command(file: str | None, **options: Any) -> None:
    """Serve every installed agent.

    The port opens first, then the agents are built; what fails is set aside and shown with what mends it, and the
    rest serves. SIGTERM and Ctrl-C finish the requests in flight.
    """
    config = configuration(file, **options)
    if not discover((AGENTS, PLUGINS)):
        click.echo(FIRST_AGENT, err=True)
        sys.exit(ExitCode.PLUGIN)
    logging.basicConfig(level=config.host.log_level.upper(), format=_LOG)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    from agenthost._host.server import installed_plan, with_secrets
    from agenthost._web.serving import address, listen, serve_on
    from agenthost._web.workers import serve_with_workers

    made = config.host.password is None
    config = with_secrets(config)
    with listen(config.host.host, config.host.port) as opened:
        tell = partial(show, config, address(opened), made=made)
        if config.host.workers > 1:
            serve_with_workers(opened, config, _LOG, tell)
        else:
            serve_on(opened, config, partial(installed_plan, config), lambda plan: tell(plan.report()))


def show(config: Config, url: str, report: Mapping[str, Any], *, made: bool) -> None:
    """Print what is served: one screen, with a line that can be pasted."""
    host = config.host
    password = host.password.reveal() if host.password else ""
    click.echo(f"agenthost {__version__} on {url}")
    if made:
        click.echo(f"  user {host.user}, password {password} (made for this machine, kept in {host.state_dir})")
    else:
        click.echo(f"  user {host.user}, password as configured")
    if host.public_url:
        click.echo(f"  callers reach it at {host.public_url}")
    else:
        click.echo(
            "  SignalWire cannot reach this address: set public_url in agenthost.toml (or SWML_PROXY_URL_BASE) "
            "before pointing a number here."
        )
    print_rows(AGENT_COLUMNS, agent_rows(report))
    for plugin in report["plugins"]:
        if "reason" in plugin:
            click.echo(f"  plugin {plugin['plugin']} ({plugin['package']} {plugin['version']}): {plugin['reason']}")
            click.echo(f"    mend it:  {plugin['remedy']}")
    for warning in report["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    served = [row for row in report["agents"] if row["state"] == "ready"]
    if served:
        route = served[-1]["route"]
        pair = f"{host.user}:{password}" if made else host.user  # curl asks for the rest
        click.echo(f"  try:  curl -u '{pair}' {url}{route}")
