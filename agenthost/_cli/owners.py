"""``agenthost owners``."""

from __future__ import annotations

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json
from agenthost._host.generations.record import read_record, write_record
from agenthost._host.operations.terminal import table

__all__ = ["command"]


@click.group("owners", invoke_without_command=True)
@config_file
@as_json
@click.pass_context
def command(context: click.Context, file: str | None, as_json: bool) -> None:
    """List the short keys, routes and SIP aliases that agents hold.

    A short key such as "sales" belongs to the distribution that was first served under it, and a newcomer never takes
    it, nor a route or an alias. Starts and accepted reloads of a host write the record. [agents.sales] use =
    "distribution:sales" in the configuration decides otherwise.
    """
    if context.invoked_subcommand is not None:
        context.obj = file
        return
    owners = read_record(configuration(file))
    if as_json:
        print_json({"file": owners.place, "owners": owners.rows()})
    elif not owners.keys:
        echo(f"No owners yet: no host has served with this configuration ({owners.place}).")
    else:
        cells = [
            [row["key"], row["distribution"], " ".join(row["routes"]) or "–", " ".join(row["sip"]) or "–"]
            for row in owners.rows()
        ]
        echo(table(("key", "package", "route", "sip"), [(row, "") for row in cells]))
        echo(f"  kept in {owners.place}")


@command.command("forget")
@click.argument("key")
@click.pass_obj
def forget(file: str | None, key: str) -> None:
    """Forget the owner of KEY, with its routes and aliases.

    The next start gives the key to the only package that offers it. A host that is serving keeps its agents until it
    is restarted.
    """
    config = configuration(file)
    owners = read_record(config)
    distribution = owners.keys.get(key)
    if distribution is None:
        msg = f"{key!r} has no owner in {owners.place}. agenthost owners lists the keys that have one."
        raise click.UsageError(msg)
    write_record(config, owners.without(key))
    echo(f"{key} no longer belongs to {distribution}")
