"""``agenthost status``."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, at_host, config_file, configuration, control_socket
from agenthost._cli.parts.output import echo, print_json
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["command"]

_SECONDS = 10.0
"""Timeout of the host's answer."""
_PAUSE = 2.0
"""Seconds between two screens."""
_MOST_AGENTS = 20
"""Agents in the table, so that it fits one screen."""
_AGENTS = ("agent", "route", "calls now", "in 5 min", "failed", "p95", "package", "state")
_WORKERS = ("process", "generation", "since", "memory", "lag", "state")


@click.command("status")
@config_file
@at_host
@click.option("--url", metavar="URL", help="Ask the host at this URL over HTTP, with credentials.")
@click.option(
    "--key-file", metavar="FILE", help="With --url: a file with a key.  [default: the password of the configuration]"
)
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Ctrl-C.")
@as_json
def command(
    file: str | None,
    port: int | None,
    uds: str | None,
    url: str | None,
    key_file: str | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Show what the host on this machine, or at a URL, serves, and its problems.

    Problems come first, each with its fix. Calls, failures and their durations are those of the last five minutes, over
    all workers. The exit code is 1 if the host has a problem, such as a quarantined agent.
    """
    ask = _source(file, port, uds, url, key_file)

    def show() -> dict[str, Any]:
        told = ask()
        if as_json:
            print_json(told)
        else:
            lines = "\n".join(_lines(told, time.time()))
            if watch:
                click.clear()  # on a terminal alone
            echo(lines)
        return told

    told = show()
    with suppress(KeyboardInterrupt):
        while watch:
            time.sleep(_PAUSE)
            told = show()
    if told["status"] != "ok":
        sys.exit(ExitCode.FINDINGS)


def _source(
    file: str | None, port: int | None, uds: str | None, url: str | None, key_file: str | None
) -> Callable[[], dict[str, Any]]:
    """Return the function that asks the host."""
    if url is None:
        if key_file is not None:
            raise click.UsageError("--key-file needs --url. fix: add --url https://agents.example.com")
        from agenthost._host.operations.control_socket import ask_host

        path = control_socket(configuration(file, port=port, uds=uds), port)
        return partial(ask_host, path, {"command": "status"}, _SECONDS)
    if port is not None or uds is not None:
        raise click.UsageError("--port and --uds exclude --url. fix: write the port in the URL")
    from agenthost._cli.parts.remote_status import authorization, remote_status
    from agenthost._host.config.value_types import URL, Refused

    try:
        at = str(URL.read(url))
    except Refused as refused:
        raise click.UsageError(f"--url {refused}. fix: write --url https://agents.example.com") from refused
    return partial(remote_status, at, authorization(configuration(file), key_file), _SECONDS)


def _lines(told: Mapping[str, Any], now: float) -> Iterator[str]:
    from agenthost._escaping import escaped
    from agenthost._host.operations.terminal import table
    from agenthost._host.status.words import elapsed

    number = len(told["problems"])
    problems = f", {number} problem{'' if number == 1 else 's'}" if number else ""
    since = elapsed(now - told["since"])
    yield escaped(f"agenthost {told['version']} on {told['url']}: {told['status']}{problems}, for {since}")
    for each in told["problems"]:
        yield f"  {escaped(each['problem'])}"
        yield f"    fix:  {escaped(each['fix'])}"
    yield table(_WORKERS, [(_worker(each, now), "") for each in told["workers"]])
    agents = sorted(told["agents"], key=_activity, reverse=True)[:_MOST_AGENTS]
    if agents:
        yield table(_AGENTS, [(_agent(each), "") for each in agents])
    if left := len(told["agents"]) - len(agents):
        yield f"  and {left} more agents; --json lists all"
    for each in told["held"]:
        yield f"  generation {each['generation']} is kept for calls in progress, process {each['process']}"
    store = told["store"]
    if store is not None:
        yield f"  store {escaped(store['scheme'])}://, {'ready' if store['ready'] else 'not ready'}"


def _activity(agent: Mapping[str, Any]) -> tuple[int, ...]:
    """Sort agents with problems first, then those that are used most."""
    return (agent["state"] != "ready", *(agent.get(name, 0) for name in ("failures", "running", "calls")))


def _worker(worker: Mapping[str, Any], now: float) -> tuple[str, ...]:
    from agenthost._host.status.words import elapsed

    memory, lag = worker["memory"], worker["lag"]
    return (
        str(worker["process"]),
        str(worker["generation"]),
        elapsed(now - worker["since"]),
        "" if memory is None else f"{memory / 1e6:.0f} MB",
        "" if lag is None else f"{lag * 1000:.0f} ms",
        worker["status"],
    )


def _agent(agent: Mapping[str, Any]) -> tuple[str, ...]:
    package = f"{agent['package']} {agent['version']}".strip()
    route = agent["route"] or ""
    if "running" not in agent:
        return (agent["agent"], route, "", "", "", "", package, agent["state"])
    waiting = f" + {agent['waiting']} waiting" if agent["waiting"] else ""
    p95 = agent["p95_seconds"]
    return (
        agent["agent"],
        route,
        f"{agent['running']} of {agent['limit']}{waiting}",
        str(agent["calls"]),
        str(agent["failures"]),
        "" if p95 is None else f"{p95 * 1000:.0f} ms",
        package,
        "not called" if agent["breakers"] else agent["state"],
    )
