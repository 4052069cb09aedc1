"""``agenthost hooks``."""

from __future__ import annotations

import inspect
from typing import Any

import click

from agenthost._cli.options import as_json, config_file, configuration
from agenthost._cli.output import print_json, print_warnings
from agenthost._host.discovery import PLUGINS, discover

__all__ = ["command"]

_TOGETHER = "\N{NO-BREAK SPACE}"
_NARROWEST = 40
"""Characters of a line that a terminal, however narrow, is taken to have beside the names."""


@click.command("hooks")
@config_file
@as_json
def command(file: str | None, as_json: bool) -> None:
    """List the hooks: what each is for, and which plugins implement it.

    The plugins are imported, not the agents.
    """
    config = configuration(file)
    from agenthost._host.plugins import HOOKS, Plugins, built_in_plugins

    plugins = Plugins.load(config, discover((PLUGINS,)))
    failed = [
        f"plugin {each.name} ({each.distribution} {each.version}) is not asked: {each.diagnosis.reason}"
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
    _show(rows)


def _show(rows: list[dict[str, Any]]) -> None:
    """Print the hooks for people, no wider than the terminal."""
    import shutil
    import textwrap

    column = max(len(row["hook"]) for row in rows) + 4
    width = max(column + _NARROWEST, shutil.get_terminal_size().columns)
    for row in rows:
        what = textwrap.wrap(row["what"], width - column, break_on_hyphens=False)
        who = textwrap.wrap(", ".join(map(_named, row["plugins"])) or "–", width - column, break_on_hyphens=False)
        for name, line in zip([row["hook"]] + [""] * len(what + who), what + who, strict=False):
            click.echo(f"  {name}".ljust(column) + line.replace(_TOGETHER, " "))


def _named(plugin: dict[str, str]) -> str:
    """A plugin with what people need to know where it comes from."""
    built_in = plugin["state"] == "built in"
    named = f"{plugin['plugin']} ({'built in' if built_in else '{package} {version}'.format(**plugin)})"
    return named.replace(" ", _TOGETHER)
