"""``agenthost check``."""

from __future__ import annotations

import sys

import click

from agenthost._cli.first_agent import FIRST_AGENT
from agenthost._cli.options import as_json, config_file, configuration
from agenthost._cli.output import echo, leave_log_out, print_json, print_warnings
from agenthost._host.operations.terminal import AGENT_COLUMNS, agent_rows, failed_plugins, table
from agenthost.errors import ExitCode

__all__ = ["command"]


@click.command("check")
@config_file
@as_json
@click.option(
    "--strict", is_flag=True, default=None, help="Exit with 4 on any problem, as run --strict would refuse to start."
)
def command(file: str | None, as_json: bool, strict: bool | None) -> None:
    """Load everything as run does, without serving, and report.

    Exit codes: 0 everything can be served, 1 there are problems or no agents, 3 the configuration is wrong, 4 there
    are problems and --strict is set.
    """
    config = configuration(file, strict=strict)
    from agenthost._host.runtime.start import accepted, installed_plan, make_runtime, with_secrets
    from agenthost._web.front import Front

    leave_log_out()
    config = with_secrets(config)
    plan = accepted(config, Front(make_runtime(config)).assemble(installed_plan(config)))
    report = plan.report()
    if as_json:
        print_json(report)
    elif not report["agents"]:
        echo(FIRST_AGENT)
    else:
        echo(table(AGENT_COLUMNS, agent_rows(report)))
        for line in failed_plugins(report):
            echo(line)
        print_warnings((*plan.warnings, *plan.findings))
        count = report["problems"]
        echo("No problems." if not count else f"{count} problem{'s' * (count > 1)}.")
    sys.exit(ExitCode.FINDINGS if plan.problems or not report["agents"] else ExitCode.OK)
