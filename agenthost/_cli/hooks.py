"""``agenthost hooks``."""

from __future__ import annotations

import inspect
from typing import Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json, print_warnings
from agenthost._discovery import PLUGINS, discover
from agenthost._host.operations.terminal import table

__all__ = ["command"]


@click.command("hooks")
@config_file
@as_json
def command(file: str | None, as_json: bool) -> None:
    """List the hooks, their purpose, and the plugins that implement them.

    This imports the plugins, but not the agents.
    """
    config = configuration(file)
    from agenthost._host.packages.plugins import HOOKS, Plugins, built_in_plugins

    plugins = Plugins.load(config, discover((PLUGINS,)))
    failed = [
        f"plugin {each.name} ({each.distribution} {each.version}) is not loaded: {each.diagnosis.reason}"
        for each in plugins.states
        if each.diagnosis is not None
    ]
    print_warnings((*config.warnings, *plugins.warnings, *failed))
    rows: list[dict[str, Any]] = [
        {
            "hook": name,
            "what": (specification.__doc__ or "").partition("\n")[0],
            "signature": f"{name}{inspect.signature(specification)}".replace("'", ""),
            "plugins": [
                {"plugin": each.name, "package": each.distribution, "version": each.version, "state": each.state}
                for each in (*plugins.states, *built_in_plugins())
                if name in each.hooks and each.diagnosis is None
            ],
        }
        for name, specification in HOOKS.items()
    ]
    if as_json:
        print_json(rows)
        return
    cells = [
        (hook, said)
        for row in rows
        for hook, said in ((row["hook"], row["what"]), ("", ", ".join(map(_named, row["plugins"])) or "–"))
    ]
    echo(table(("hook", "purpose, and the plugins that implement it"), [(each, "") for each in cells]))


def _named(plugin: dict[str, str]) -> str:
    """Return a plugin's name with its package and version."""
    built_in = plugin["state"] == "built in"
    return f"{plugin['plugin']} ({'built in' if built_in else '{package} {version}'.format(**plugin)})"
