"""``agenthost logs``."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import at_host, config_file, configuration, control_socket
from agenthost._cli.parts.output import echo

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["command"]

_SECONDS = 10.0
_PAUSE = 0.5
"""Seconds between two looks of ``--follow``."""
_SHOWN = ("timestamp", "level", "logger", "event", "exception")


@click.command("logs")
@config_file
@at_host
@click.option("--agent", metavar="KEY", help="Lines about this agent only.")
@click.option("--call", metavar="ID", help="Lines about this call only.")
@click.option("--error", metavar="ID", help="Lines of the failure with this ID, with its traceback.")
@click.option("--follow", is_flag=True, help="Show new lines, too, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as a JSON object.")
def command(
    file: str | None,
    port: int | None,
    uds: str | None,
    agent: str | None,
    call: str | None,
    error: str | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Show the recent log of the host on this machine, of all its workers.

    Each process of the host keeps its latest lines in memory, without secrets.
    """
    from agenthost._host.operations.control_socket import ask_host

    path = control_socket(configuration(file, port=port, uds=uds), port)
    named = {"agent": agent, "call": call, "error": error}
    wanted = {name: value for name, value in named.items() if value is not None}

    def show(seen: Mapping[str, int]) -> dict[str, Any]:
        told = ask_host(path, {"command": "logs", "wanted": wanted, "seen": seen}, _SECONDS)
        for line in told["lines"]:
            echo(json.dumps(line, ensure_ascii=False) if as_json else _text(line))
        return told

    told = show({})
    with suppress(KeyboardInterrupt):
        while follow:
            time.sleep(_PAUSE)
            told = show(told["seen"])
    if not told["lines"] and not follow:
        echo("The host keeps no such lines. Older ones are where its standard error goes.", err=True)


def _text(line: Mapping[str, Any]) -> str:
    """Return a line for people, with all of its fields."""
    from textwrap import indent

    from agenthost._escaping import escaped

    more = "".join(f" {escaped(name)}={escaped(str(value))}" for name, value in line.items() if name not in _SHOWN)
    words = escaped(str(line["event"]))
    text = f"{line['timestamp']} {str(line['level']).upper()} {escaped(str(line['logger']))}: {words}{more}"
    trace = line.get("exception")
    return f"{text}\n{indent(escaped(str(trace), keep=chr(10) + chr(9)), '    ')}" if trace else text
