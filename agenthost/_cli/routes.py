"""``agenthost routes``."""

from __future__ import annotations

from typing import Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration, load_too
from agenthost._cli.parts.output import echo, print_json, print_warnings
from agenthost._discovery import AGENTS, discover
from agenthost._host.generations.lock import known_owners, read_lock
from agenthost._host.operations.terminal import table
from agenthost._host.packages.selection import select

__all__ = ["command"]

_HOST = (
    ("/-/metrics.json", "GET", "usage figures of agents in text"),
    ("/-/sip/unmatched", "GET", "SIP users that no alias or rule matches"),
    ("/-/status.json", "GET", "the status of the host, as `agenthost status` shows it"),
    ("/health", "GET", "a summary of agents and checks"),
    ("/live", "GET", "liveness: the process answers"),
    ("/metrics", "GET", "metrics for Prometheus"),
    ("/ready", "GET", "readiness: send requests here"),
    ("/startup", "GET", "startup: the agents are built"),
    ("/v1/chat/completions", "POST", "an agent's answer in text"),
    ("/v1/models", "GET", "the agents, as models"),
    ("/v1/responses", "POST", "an agent's answer in text, which the host keeps"),
)
_CONSOLE = (("/-/", "GET", "the console"), ("/-/overview.json", "GET", "the status of the host, as in the console"))


@click.command("routes")
@config_file
@as_json
@load_too
def command(file: str | None, as_json: bool, load: bool) -> None:
    """List the routes and the agents behind them.

    Without --load nothing is imported: an agent's route is the configured one, or the one at which a host with this
    configuration has served it. Until then, it is shown as "–".
    """
    config = configuration(file)
    print_warnings(config.warnings)
    if load:
        from agenthost._host.runtime.start import installed_plan

        agents = [(a["route"], a["agent"], a["state"]) for a in installed_plan(config).report()["agents"]]
    else:
        lock = read_lock(config)
        owners = known_owners(config, lock)
        selection = select(config, discover((AGENTS,)), owners)
        agents = [
            (
                item.config.route or (locked.route if locked else owners.route_of(item.full_key)),
                item.key,
                "enabled" if item.served else item.left_out,
            )
            for item in selection.wanted
            for locked in [item.locked_in(lock)]
        ]
        agents += [(None, each.key, "conflict") for each in selection.contested]
        agents += [
            (table.route or f"/{name}", name, "enabled" if table.enabled else "disabled")
            for name, table in config.workflows.items()
            if config.host.serves(name)
        ]
    rows: list[dict[str, Any]] = [
        {"route": route, "methods": "GET, POST", "answers": f"agent {agent}", "state": state}
        for route, agent, state in agents
    ]
    console = _CONSOLE if config.console.enabled else ()
    own = sorted((*_HOST, *console, (config.sip.path, "POST", "the agent that a SIP address names")))
    rows += [{"route": path, "methods": m, "answers": what, "state": "ready"} for path, m, what in own]
    if as_json:
        print_json(rows)
        return
    cells = [[row["route"] or "–", row["methods"], row["answers"], row["state"]] for row in rows]
    echo(table(("route", "methods", "answers", "state"), [(row, "") for row in cells]))
    echo("  Each agent's tools are called at its route and /swaig.")
