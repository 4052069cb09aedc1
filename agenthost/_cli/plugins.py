"""``agenthost plugins``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration, load_too
from agenthost._cli.parts.output import echo, leave_log_out, print_json, print_warnings
from agenthost._discovery import PLUGINS, discover
from agenthost._host.operations.terminal import table
from agenthost._host.packages.builtin_plugins import BUILT_IN, short_name
from agenthost._version import __version__

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["command"]


@click.command("plugins")
@config_file
@as_json
@load_too
@click.option(
    "--hook", metavar="HOOK", help="List only the plugins that implement this hook. agenthost hooks lists the hooks."
)
def command(file: str | None, as_json: bool, load: bool, hook: str | None) -> None:
    """List the installed and the built-in plugins.

    Without --load nothing is imported. With --load or --hook, the list shows the hooks that each plugin implements,
    and the plugins that fail.
    """
    config = configuration(file)
    print_warnings(config.warnings)
    if hook is not None:
        _refuse_unknown(hook)
    rows = _loaded(config) if load or hook is not None else _offered(config)
    if hook is not None:
        rows = [row for row in rows if hook in row["hooks"]]
    if as_json:
        print_json(rows)
    elif not rows:
        echo(f"No plugin implements {hook}.")
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
        echo(table(("plugin", "package", "hooks", "state"), cells))


def _refuse_unknown(hook: str) -> None:
    """Reject the name of a hook that does not exist.

    Raises:
        click.UsageError: the hook does not exist.
    """
    from agenthost._host.packages.plugins import HOOKS

    if hook not in HOOKS:
        msg = f"--hook {hook}: there is no such hook. The hooks are: {', '.join(HOOKS)}."
        raise click.UsageError(msg)


def _offered(config: Config) -> list[dict[str, Any]]:
    """Return the plugins that metadata and configuration declare."""
    installed = [
        {
            "plugin": offer.name,
            "package": offer.distribution,
            "version": offer.version,
            "state": "enabled" if config.plugins.allows(f"{offer.distribution}:{offer.name}") else "disabled",
        }
        for offer in discover((PLUGINS,))
    ]
    names = sorted(map(short_name, BUILT_IN))
    return installed + [
        {"plugin": name, "package": "agenthost", "version": __version__, "state": "built in"} for name in names
    ]


def _loaded(config: Config) -> list[dict[str, Any]]:
    """Load the plugins, and return them with their hooks and failures."""
    from agenthost._host.packages.plugins import built_in_plugins
    from agenthost._host.runtime.start import installed_plan, make_runtime, with_secrets
    from agenthost._web.front import Front

    leave_log_out()
    plan = Front(make_runtime(with_secrets(config))).assemble(installed_plan(config, serving=True))
    rows: list[dict[str, Any]] = plan.report()["plugins"]
    return rows + [plugin.report() for plugin in built_in_plugins()]
