"""``agenthost agents``."""

from __future__ import annotations

import click

from agenthost._cli.options import as_json, config_file, configuration, load_too
from agenthost._cli.tables import AGENT_COLUMNS, agent_rows, print_json, print_rows
from agenthost._host.discovery import AGENTS, discover
from agenthost._host.selection import select

__all__ = ["command"]


@click.command("agents")
@config_file
@as_json
@load_too
def command(file: str | None, as_json: bool, load: bool) -> None:
    """List the installed agents.

    Without --load nothing is imported: the list is what packages and configuration declare. A route that only the
    package knows is shown as "its own".
    """
    config = configuration(file)
    if load:
        from agenthost._host.server import installed_plan

        report = installed_plan(config).report()
        if as_json:
            print_json(report["agents"])
        else:
            print_rows(AGENT_COLUMNS, agent_rows(report))
        return
    wanted, warnings = select(config, discover((AGENTS,)))
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    rows = [
        {
            "agent": item.key,
            "route": item.config.route,
            "package": item.candidate.distribution,
            "version": item.candidate.version,
            "state": "enabled" if item.config.enabled else "disabled",
            "value": item.candidate.value,
        }
        for item in wanted
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        from agenthost._cli.first_agent import FIRST_AGENT

        click.echo(FIRST_AGENT)
    else:
        print_rows(
            ("agent", "route", "package", "state"),
            [
                (
                    [
                        str(row["agent"]),
                        row["route"] or "its own",
                        f"{row['package']} {row['version']}",
                        str(row["state"]),
                    ],
                    "",
                )
                for row in rows
            ],
        )
