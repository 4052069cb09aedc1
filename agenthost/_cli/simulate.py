"""``agenthost simulate``."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from agenthost._cli.parts import completions
from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json
from agenthost._cli.trials.tried_store import MEMORY, with_store
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager

    from agenthost._cli.trials.simulated_host import Opened
    from agenthost.testing.platform import Call, Platform, TraceEvent
    from agenthost.testing.scenarios import Scenario

__all__ = ["command"]

_HELP = (
    "Type as the caller. /tools, /prompt, /data and /step show the call; /tool NAME {JSON} calls a function as the "
    "model; /press DIGITS, /wait MILLISECONDS and /unhold; /hangup or the end of the input ends the call."
)


@click.command("simulate")
@click.argument("agent", metavar="AGENT|URL|FILE|SIP", shell_complete=completions.agents)
@config_file
@click.option("--scenario", metavar="FILE", help="Play the script of a scenario instead of what is typed.")
@click.option("--calls", type=click.IntRange(1), help="Play the scenario in this many calls at once, and measure.")
@click.option(
    "--fuzz",
    type=click.IntRange(1),
    help="Try this many adversarial arguments of each tool, and callers.",
)
@click.option("--model", metavar="NAME", help="The model for the agents.  [default: as in agenthost chat]")
@click.option("--caller", default="+15550100", show_default=True, help="Number of the caller.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of IDs and random choices.")
@click.option("--public-url", metavar="URL", multiple=True, help="Another URL of the host at URL; repeatable.")
@click.option("--other-url", metavar="URL", multiple=True, help="A host to which that at URL transfers; repeatable.")
@click.option("--state", metavar="URL", default=MEMORY, show_default=True, help="The store, as in agenthost tool.")
@click.option("--trace", metavar="FILE", help="Write the trace of the call.")
@as_json
def command(
    agent: str,
    file: str | None,
    scenario: str | None,
    calls: int | None,
    fuzz: int | None,
    model: str | None,
    caller: str,
    seed: int,
    public_url: tuple[str, ...],
    other_url: tuple[str, ...],
    state: str,
    trace: str | None,
    as_json: bool,
) -> None:
    """Call an agent, with the platform's part simulated.

    AGENT is an installed agent, a file (path/to/file.py, path/to/file.py:Name), the URL of an agent on any SWML host,
    or a SIP address. Nothing but that host is contacted.

    Exit code 1: the call has findings, or the scenario failed.
    """
    if calls is not None and scenario is None:
        raise click.UsageError("--calls needs --scenario FILE: the script of each call.")
    played = _read(scenario)
    if fuzz is not None:
        _check_hypothesis()
    from agenthost._cli.trials.simulated_host import open_agent, open_url
    from agenthost._host.runtime.start import start_logging

    if agent.startswith(("http://", "https://")):
        opening: AbstractAsyncContextManager[Opened] = open_url(agent, public_url, other_url)
    else:
        config = with_store(configuration(file), state)
        start_logging(config, for_people=True)
        opening = open_agent(config, agent, model)
    if calls is not None and played is not None:
        sys.exit(asyncio.run(_load(opening, played, calls, as_json=as_json)))
    if fuzz is not None:
        with _hypothesis_elsewhere():
            sys.exit(asyncio.run(_fuzz(opening, fuzz, caller, seed)))
    show = _print_json if as_json else _print
    problems, written = asyncio.run(_simulate(opening, played, caller, seed, show, as_json=as_json))
    if trace is not None:
        Path(trace).write_bytes(written)
    for problem in problems:
        echo(problem, err=True)
    sys.exit(ExitCode.FINDINGS if problems else ExitCode.OK)


def _read(scenario: str | None) -> Scenario | None:
    """Read a scenario before anything is served.

    Raises:
        ConfigurationError: it has a mistake.
    """
    if scenario is None:
        return None
    from agenthost.testing.scenarios import read_scenario

    return read_scenario(scenario)


def _check_hypothesis() -> None:
    """Refuse to begin without Hypothesis.

    Raises:
        UsageError: it is not installed.
    """
    from importlib.util import find_spec

    if find_spec("hypothesis") is None:
        raise click.UsageError("--fuzz needs Hypothesis. fix: pip install hypothesis")


@contextmanager
def _hypothesis_elsewhere() -> Iterator[None]:
    """Keep Hypothesis from leaving its folder in the working directory."""
    from tempfile import TemporaryDirectory

    from hypothesis.configuration import set_hypothesis_home_dir

    with TemporaryDirectory(prefix="agenthost-fuzz-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


async def _simulate(
    opening: AbstractAsyncContextManager[Opened],
    scenario: Scenario | None,
    caller: str,
    seed: int,
    show: Any,
    *,
    as_json: bool,
) -> tuple[list[str], bytes]:
    """Make the call, and return its problems and its trace."""
    from agenthost.testing.platform import Platform, PlatformOptions

    async with opening as host:
        if scenario is not None:
            return await _play(host, scenario, show)
        platform = Platform(host.client, PlatformOptions(seed=seed), model=host.model, listener=show)
        if not as_json:
            echo(_HELP, err=True, dim=True)
        async with await _call(platform, host.route, caller) as call:
            await _talk(call)
            while not call.ended:
                await call.hang_up()
            return [str(event.data["message"]) for event in call.trace.findings], call.trace.encode()


async def _fuzz(opening: AbstractAsyncContextManager[Opened], examples: int, caller: str, seed: int) -> ExitCode:
    """Call each tool of an agent with arguments of either kind, then play callers."""
    from agenthost.builtin.offline.model import OfflineModel
    from agenthost.testing.platform import Platform, PlatformOptions
    from agenthost.testing.scenarios.fuzzing import fuzz, fuzz_callers

    async with opening as host:

        async def begin(number: int) -> Call:
            platform = Platform(host.client, PlatformOptions(seed=seed + number), model=OfflineModel())
            return await _call(platform, host.route, caller)

        async with await begin(0) as call:
            found = await fuzz(call, examples)
        found.append(await fuzz_callers(begin, examples))
    for each in found:
        echo(each.line)
    return ExitCode.FINDINGS if any(each.failed for each in found) else ExitCode.OK


async def _load(
    opening: AbstractAsyncContextManager[Opened], scenario: Scenario, calls: int, *, as_json: bool
) -> ExitCode:
    """Make many calls at once, and print how long they took."""
    from agenthost._cli.trials.simulated_load import load

    async with opening as host:
        model = None if scenario.model.kind == "script" else host.model
        found = await load(host.client, evolve(scenario, agent=host.route), calls, model)
    if as_json:
        print_json(found.to_dict())
    else:
        for line in found.lines():
            echo(line)
    for problem in found.problems:
        echo(problem, err=True)
    return ExitCode.FINDINGS if found.failed else ExitCode.OK


async def _call(platform: Platform, route: str, caller: str) -> Call:
    if route.startswith(("sip:", "sips:")):
        return await platform.sip(route, caller=f"sip:{caller}@caller.example")
    return await platform.call(route, caller=caller)


async def _play(host: Opened, scenario: Scenario, show: Any) -> tuple[list[str], bytes]:
    """Play the script of a scenario against the host."""
    from agenthost.testing.platform import Platform
    from agenthost.testing.scenarios.running import play

    read = evolve(scenario, agent=host.route)
    model = None if read.model.kind == "script" else host.model
    problems, trace = await play(read, Platform(host.client, read.options, model=model, listener=show))
    return [f"{problem.kind}: {problem.message}" for problem in problems], trace.encode()


async def _talk(call: Call) -> None:
    """Read lines until the call ends.

    They are read on a daemon thread, so that Ctrl-C need not wait for a line.
    """
    from agenthost._host.runtime.background_thread import in_background_thread

    while not call.ended:
        line = await in_background_thread(_line)
        if line is None or line == "/hangup":
            return
        if line.startswith("/"):
            await _command(call, line)
        elif line:
            await call.say(line)


async def _command(call: Call, line: str) -> None:
    word, _, rest = line.partition(" ")
    match word:
        case "/tools":
            echo("\n".join(call.tools))
        case "/prompt":
            echo(call.prompt)
        case "/data":
            echo(json.dumps(dict(call.global_data), ensure_ascii=False, default=str))
        case "/step":
            echo(f"{call.context}/{call.step}" if call.step else "no step")
        case "/press":
            await call.press(rest.strip())
        case "/wait" if rest.strip().isdigit():
            await call.wait(int(rest))
        case "/unhold":
            await call.unhold()
        case "/tool":
            name, _, arguments = rest.strip().partition(" ")
            await _call_tool(call, name, arguments)
        case _:
            echo(_HELP, err=True)


async def _call_tool(call: Call, name: str, arguments: str) -> None:
    try:
        given = json.loads(arguments or "{}")
    except ValueError as error:
        echo(f"the arguments are not JSON: {error}", err=True)
        return
    if isinstance(given, dict):
        await call.tool(name, **given)
    else:
        echo('the arguments must be an object, such as {"day": "mon"}', err=True)


def _line() -> str | None:
    """Read the next line of the caller, or None at the end of the input."""
    if sys.stdin.isatty():
        echo("> ", nl=False, err=True)
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        return None
    return line.strip() if line else None


def _print(event: TraceEvent) -> None:
    from agenthost._cli.trials.call_lines import line_of

    typed = event.kind == "heard" and sys.stdin.isatty()
    if not typed and (line := line_of(event)) is not None:
        echo(line)


def _print_json(event: TraceEvent) -> None:
    echo(json.dumps(event.to_dict(), ensure_ascii=False, sort_keys=True, default=str))
