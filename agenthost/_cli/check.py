"""``agenthost check``."""

from __future__ import annotations

import sys

import click

from agenthost._cli.first_agent import FIRST_AGENT
from agenthost._cli.options import as_json, config_file, configuration
from agenthost._cli.tables import AGENT_COLUMNS, agent_rows, print_json, print_rows
from agenthost.errors import ExitCode

__all__ = ["command"]


@click.command("check")
@config_file
@as_json
@click.option("--strict", is_flag=True, default=None, help="Any problem ends with exit code 4, as it would stop run.")
def command(file: str | None, as_json: bool, strict: bool | None) -> None:
    """Do all that run does before it opens the port, and report.

    Exit codes: 0 everything serves, 1 there are problems, 3 the configuration is wrong, 4 there are problems and
    --strict was asked for.
    """
    config = configuration(file, strict=strict)
    from agenthost._host.server import installed_plan, with_secrets

    plan = installed_plan(with_secrets(config))
    report = plan.report()
    if as_json:
        print_json(report)
    elif not report["agents"]:
        click.echo(FIRST_AGENT)
    else:
        print_rows(AGENT_COLUMNS, agent_rows(report))
        for plugin in plan.plugins:
            if plugin.diagnosis:
                click.echo(
                    f"  plugin {plugin.name} ({plugin.distribution} {plugin.version}): {plugin.diagnosis.reason}"
                )
                click.echo(f"    mend it:  {plugin.diagnosis.remedy}")
        for warning in plan.warnings:
            click.echo(f"warning: {warning}", err=True)
        count = report["problems"]
        click.echo("No problems." if not count else f"{count} problem{'s' * (count > 1)}.")
    sys.exit(ExitCode.FINDINGS if plan.problems else ExitCode.OK)
