"""``agenthost replay``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from difflib import ndiff
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from agenthost._cli.calls import records_of
from agenthost._cli.parts.options import config_file, configuration
from agenthost._cli.parts.output import echo
from agenthost._cli.trials.tried_store import MEMORY, with_store
from agenthost.errors import ConfigurationError, ExitCode, PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from agenthost._cli.trials.simulated_host import Opened
    from agenthost.testing.scenarios import Scenario

__all__ = ["command"]


@click.command("replay")
@click.argument("call", metavar="ID|FILE")
@config_file
@click.option("--against", metavar="FILE|URL", help="Another agent: in a file, or at a URL.")
@click.option("--recorded", is_flag=True, help="Let tools answer from the record, instead of running them.")
@click.option("--save", metavar="FILE", help="Write the call as a scenario, NAME.call.toml, and stop.")
def command(call: str, file: str | None, against: str | None, recorded: bool, save: str | None) -> None:
    """Play a recorded call again, and show the difference.

    Caller and model answer from the record. Tools run, with a store in memory. ID is a call of agenthost calls, and
    FILE.json the output of agenthost calls show ID --json.

    Exit code 1: the call went differently.
    """
    from agenthost._cli.trials.simulated_host import open_agent, open_url
    from agenthost.testing.scenarios.recorded import scenario_of

    records = _records(call, file)
    if save is not None:
        _save(records, save, against)
        return
    if against is not None and against.startswith(("http://", "https://")):
        opening: AbstractAsyncContextManager[Opened] = open_url(against, ())
    else:
        from agenthost._host.runtime.start import start_logging

        config = with_store(configuration(file), MEMORY)
        start_logging(config, for_people=True)
        opening = open_agent(config, against or str(records[0].get("agent")), None)
    lines = asyncio.run(_replay(opening, records, scenario_of(records), recorded=recorded))
    for line in lines:
        echo(line)
    sys.exit(ExitCode.FINDINGS if any(line[:1] in "+-" for line in lines) else ExitCode.OK)


def _records(call: str, file: str | None) -> list[dict[str, Any]]:
    """Return the records of a call, from a file or from the store.

    Raises:
        ConfigurationError: the file has none.
    """
    path = Path(call)
    if not call.endswith(".json"):
        return records_of(file, call)
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}"
        raise ConfigurationError(msg) from error
    if not isinstance(records, list) or not records or not all(isinstance(each, dict) for each in records):
        msg = f"{path}: there are no records in it. fix: agenthost calls show ID --json > {path}"
        raise ConfigurationError(msg)
    return records


def _save(records: Sequence[dict[str, Any]], save: str, against: str | None) -> None:
    from agenthost.testing.scenarios.reading import SUFFIX
    from agenthost.testing.scenarios.recorded import as_toml

    if not save.endswith(SUFFIX):
        msg = f"--save {save}: a scenario's name ends in {SUFFIX}."
        raise click.UsageError(msg)
    files = [against] if against is not None and ".py" in against else _files_of(records)
    named = [_as_named(file, Path(save).parent) for file in files]
    Path(save).write_text(as_toml(records, files=named), encoding="utf-8")
    echo(f"{save} has the call. agenthost test {save} plays it.")


def _as_named(file: str, folder: Path) -> str:
    """Return a file's path from a folder. It is whole for a folder elsewhere."""
    here = folder.resolve().is_relative_to(Path.cwd())
    return os.path.relpath(file, folder) if here else str(Path(file).absolute())


def _files_of(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the files of the packages of records that are not installed.

    Raises:
        PlanError: a package is neither installed nor a file here.
    """
    from agenthost._discovery import AGENTS, discover
    from agenthost._host.authoring.sources import file_called

    installed = {each.distribution for each in discover((AGENTS,))}
    missing = dict.fromkeys(package for each in records if (package := str(each.get("package"))) not in installed)
    files = {package: file_called(package) for package in missing}
    for package, file in files.items():
        if file is None:
            raise PlanError(
                f"{records[0].get('id')}: its package {package!r} is not installed. "
                "fix: agenthost replay … --save … --against agent.py, with the file of the agent"
            )
    return [str(file) for file in files.values()]


async def _replay(
    opening: AbstractAsyncContextManager[Opened],
    records: Sequence[dict[str, Any]],
    scenario: Scenario,
    *,
    recorded: bool,
) -> list[str]:
    """Play the call, and return the lines of the difference."""
    from agenthost.testing.platform import Platform
    from agenthost.testing.scenarios import play
    from agenthost.testing.scenarios.recorded import AnsweringClient, recorded_lines, replayed_lines

    async with opening as host:
        scenario = evolve(scenario, agent=host.route)
        client = AnsweringClient(host.client, records) if recorded else host.client
        _, trace = await play(scenario, Platform(client, scenario.options))
    before, after = recorded_lines(records), replayed_lines(trace)
    return [line.rstrip() for line in ndiff(before, after) if not line.startswith("?")]
