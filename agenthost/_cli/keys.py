"""``agenthost keys``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json, print_warnings
from agenthost._host.operations.terminal import table

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["command"]


@click.command("keys")
@config_file
@as_json
def command(file: str | None, as_json: bool) -> None:
    """List the keys, without their values.

    A key opens some agents for some purposes: [keys.NAME] in the configuration. Clients present its secret as a Bearer
    token, or as the password of the user NAME.
    """
    config = configuration(file)
    if as_json:
        print_json({"keys": _rows(config)})
        return
    print_warnings(config.warnings)
    if not config.keys:
        echo(f"No keys. [keys.NAME] in {config.where} defines one.")
        return
    cells = [
        [row["key"], " ".join(row["agents"]), " ".join(row["scopes"]), str(row["secrets"]), row["place"]]
        for row in _rows(config)
    ]
    echo(table(("key", "agents", "scopes", "secrets", "place"), [(row, "") for row in cells]))


def _rows(config: Config) -> list[dict[str, Any]]:
    return [
        {
            "key": name,
            "agents": list(key.agents),
            "scopes": list(key.scopes),
            "secrets": len(key.secret),
            "place": config.place("keys", name).in_file,
        }
        for name, key in sorted(config.keys.items())
    ]
