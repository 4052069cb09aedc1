"""``agenthost plugins``."""

from __future__ import annotations

from typing import Any

import click

from agenthost._cli.options import as_json, config_file, configuration, load_too
from agenthost._cli.output import print_json, print_warnings
from agenthost._host.discovery import PLUGINS, discover
from agenthost._host.report import table

__all__ = ["command"]


@click.command("plugins")
@config_file
@as_json
@load_too
def command(file: str | None, as_json: bool, load: bool) -> None:
    """List the installed plugins: packages that change the host itself.

    Without --load nothing is imported; with it, the hooks that each implements are shown.
    """
    config = configuration(file)
    print_warnings(config.warnings)
    rows: list[dict[str, Any]]
    if load:
        from agenthost._host.server import installed_plan

        rows = installed_plan(config).report()["plugins"]
    else:
        rows = [
            {
                "plugin": offer.name,
                "package": offer.distribution,
                "version": offer.version,
                "state": "enabled" if config.plugins.allows(offer.name) else "disabled",
            }
            for offer in discover((PLUGINS,))
        ]
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("No plugin is installed. The host runs without any; agenthost agents lists the agents.")
    else:
        cells = [
            (
                [
                    row["plugin"],
                    f"{row['package']} {row['version']}",
                    " ".join(row.get("hooks", ())) or "–",
                    row["state"] + (f": {row['reason']}" if "reason" in row else ""),
                ],
                row.get("remedy", ""),
            )
            for row in rows
        ]
        click.echo(table(("plugin", "package", "hooks", "state"), cells))
