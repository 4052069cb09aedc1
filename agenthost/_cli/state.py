"""``agenthost state``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts import completions
from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json
from agenthost._error_words import one_line
from agenthost.errors import ExitCode, PlanError, StateRefused

if TYPE_CHECKING:
    from agenthost.state import Store, Stores

__all__ = ["command"]

_MEMORY = "is in the memory of the host. fix: in [state],"
_MOST_SHOWN = 100


@click.command("state")
@click.argument("name", metavar="AGENT|NAME|ID", shell_complete=completions.agents)
@click.argument("key", required=False)
@config_file
@click.option("--shared", "kind", flag_value="shared", help="NAME is that of a state which agents share.")
@click.option("--call", "kind", flag_value="call", help="ID is that of a call.")
@click.option("--set", "value", metavar="JSON", help="Write a value under KEY.")
@click.option("--delete", is_flag=True, help="Delete KEY.")
@as_json
def command(
    name: str, key: str | None, file: str | None, kind: str | None, value: str | None, delete: bool, as_json: bool
) -> None:
    """Show the state of an agent, or change one key of it.

    Without KEY, all keys of the configured store are listed with their values. The host need not run, unless the store
    is in its memory. A value is read and written as JSON. Exit code 1: there is no such key.
    """
    if (value is not None or delete) and key is None:
        raise click.UsageError("--set and --delete need a KEY.")
    from agenthost._cli.parts.host_store import in_store

    written = _parsed(value)

    async def work(stores: Stores) -> dict[str, Any]:
        store: Store = getattr(stores, kind or "agent")(name)
        if key is None:
            return {each: await store.get(each) for each in sorted([each async for each in store.scan()])}
        if value is not None:
            await store.set(key, written)
        found = {key: await store.get(key)} if await store.exists(key) else {}
        if delete:
            await store.delete(key)
        return found

    try:
        found = in_store(configuration(file), work, _MEMORY)
    except StateRefused as error:
        raise PlanError(str(error)) from error
    if as_json:
        print_json(found)
    else:
        for each, content in found.items():
            text = json.dumps(content, ensure_ascii=False)
            echo(f"{each} = {text if key is not None else one_line(text, _MOST_SHOWN)}")
    if not found:
        echo(f"There is no {'key ' + repr(key) if key is not None else 'state'} of {name!r}.", err=True)
        sys.exit(ExitCode.FINDINGS if key is not None else ExitCode.OK)


def _parsed(value: str | None) -> Any:
    """Parse a value.

    Raises:
        click.UsageError: it is not JSON.
    """
    try:
        return None if value is None else json.loads(value)
    except ValueError as error:
        msg = f"--set: the value must be JSON: {error}. fix: --set 5, or --set '\"a text\"'"
        raise click.UsageError(msg) from error
