"""``agenthost agents``."""

from __future__ import annotations

from typing import Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration, load_too
from agenthost._cli.parts.output import echo, print_json, print_warnings
from agenthost._discovery import AGENTS, discover
from agenthost._host.generations.lock import known_owners, read_lock
from agenthost._host.operations.terminal import AGENT_COLUMNS, agent_rows, table
from agenthost._host.packages.selection import select

__all__ = ["command"]


@click.command("agents")
@config_file
@as_json
@load_too
def command(file: str | None, as_json: bool, load: bool) -> None:
    """List the installed agents.

    Without --load nothing is imported: the list shows what packages and configuration declare, and the routes at which
    a host with this configuration has served the agents. Until then, a route is shown as "–".
    """
    config = configuration(file)
    if load:
        from agenthost._host.runtime.start import installed_plan

        plan = installed_plan(config)
        report = plan.report()
        print_warnings(plan.warnings)
        if as_json:
            print_json(report["agents"])
        else:
            echo(table(AGENT_COLUMNS, agent_rows(report)))
        return
    lock = read_lock(config)
    owners = known_owners(config, lock)
    selection = select(config, discover((AGENTS,)), owners)
    print_warnings((*config.warnings, *selection.unfitting.values(), *selection.refusals.values()))
    rows: list[dict[str, Any]] = [
        {
            "agent": item.key,
            "route": item.config.route or (locked.route if locked else owners.route_of(item.full_key)),
            "tools": list(locked.tools) if locked else None,
            "sip": list(locked.sip) if locked else None,
            "package": item.distribution,
            "version": item.version,
            "state": "enabled" if item.served else item.left_out,
            "value": item.candidate.value,
            "isolation": item.config.isolation or config.host.isolation,
        }
        for item in selection.wanted
        for locked in [item.locked_in(lock)]
    ]
    rows += [
        {
            "agent": item.key,
            "route": None,
            "package": item.candidate.distribution,
            "version": item.candidate.version,
            "state": f"conflict: {item.diagnosis.reason}",
            "value": item.candidate.value,
            "remedy": item.diagnosis.remedy,
        }
        for item in selection.contested
    ]
    rows += [
        {
            "agent": name,
            "route": table.route or f"/{name}",
            "package": config.source or "",
            "version": "",
            "state": "disabled" if not table.enabled else "enabled" if config.host.serves(name) else "elsewhere",
            "value": f"{table.kind} of {', '.join(table.agents)}",
        }
        for name, table in config.workflows.items()
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        from agenthost._cli.parts.first_agent import first_agent

        echo(first_agent())
    else:
        cells = [
            (
                [
                    str(row["agent"]),
                    row["route"] or "–",
                    f"{row['package']} {row['version']}".strip(),
                    _state(row),
                ],
                row.get("remedy") or "",
            )
            for row in rows
        ]
        echo(table(("agent", "route", "package", "state"), cells))


def _state(row: dict[str, Any]) -> str:
    isolated = row.get("isolation") == "process" and row["state"] == "enabled"
    return f"{row['state']}, own process" if isolated else str(row["state"])
