"""``agenthost calls``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, print_json
from agenthost._host.recording.times import moment_of, seconds_of
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["command", "records_of"]

_COLUMNS = ("call", "agent", "caller", "began", "seconds", "calls", "summary")
_MEMORY = "keeps its records in the memory of the host. fix:"
_LONGEST = 60


@click.group("calls", invoke_without_command=True)
@config_file
@as_json
@click.pass_context
def command(context: click.Context, file: str | None, as_json: bool) -> None:
    """List the recorded calls, or show one.

    A host records calls if [recording] days is above 0. The records come from the configured store, so the host need
    not run.
    """
    if context.invoked_subcommand is not None:
        return
    from agenthost._cli.parts.host_store import in_store
    from agenthost._host.recording.kept_records import list_records

    config = configuration(file)
    records = in_store(config, list_records, _MEMORY)
    if as_json:
        print_json(records)
    elif not records:
        switch = "" if config.recording.days else "[recording] days = 7 in agenthost.toml, and "
        echo("There is no record of a call. A record is made from the summary of an agent with a post prompt.")
        echo(f'    fix:  {switch}self.set_post_prompt("Summarize the call.") in the agent')
    else:
        from agenthost._host.operations.terminal import table

        echo(table(_COLUMNS, [(_row(record), "") for record in records]))


@command.command("show")
@click.argument("call", metavar="ID")
@config_file
@as_json
def show(call: str, file: str | None, as_json: bool) -> None:
    """Show the recorded call ID: its agents, words, function calls and summary."""
    records = records_of(file, call)
    if as_json:
        print_json(records)
        return
    for record in records:
        echo(f"{record.get('agent')} at {record.get('route')}, {record.get('package')}, {_time(record.get('began'))}")
        for line in record.get("log", ()):
            if (shown := _line(line)) is not None:
                echo(shown)
        for entry in record.get("functions", ()):
            answer = entry.get("answer", {})
            echo(f"  · {entry.get('function')}({entry.get('arguments')}) → {answer.get('response', '')}")
        echo(f"  · summary: {_summary(record)}")
        for name in ("usage", "times", "timeline"):
            if record.get(name):
                echo(f"  · {name}: {json.dumps(record[name], ensure_ascii=False)}")


def records_of(file: str | None, call: str) -> list[dict[str, Any]]:
    """Return the records of a call from the configured store.

    Raises:
        PlanError: there is none, or the store cannot be opened.
    """
    from agenthost._cli.parts.host_store import in_store
    from agenthost._host.recording.kept_records import find_records

    records = in_store(configuration(file), lambda stores: find_records(stores, call), _MEMORY)
    if not records:
        msg = f"there is no record of call {call!r}. fix: agenthost calls lists them."
        raise PlanError(msg)
    return records


def _row(record: Mapping[str, Any]) -> list[str]:
    seconds = seconds_of(record)
    return [
        str(record.get("id")),
        str(record.get("agent")),
        str(record.get("caller") or "–"),
        _time(record.get("began")),
        "–" if seconds is None else f"{seconds:.0f}",
        str(len(record.get("functions", ()))),
        _summary(record)[:_LONGEST],
    ]


def _line(line: Mapping[str, Any]) -> str | None:
    role, content = line.get("role"), line.get("content")
    if role == "user":
        return f"caller: {content}"
    if role in {"assistant", "assistant-manual"} and content:
        return f"agent: {content}"
    if line.get("action") == "step_change":
        return f"  · step {line.get('step')}"
    return None


def _summary(record: Mapping[str, Any]) -> str:
    data = record.get("summary")
    return " ".join(str(data.get("raw", "")).split()) if isinstance(data, dict) else ""


def _time(microseconds: Any) -> str:
    moment = moment_of(microseconds)
    return "–" if moment is None else moment.strftime("%Y-%m-%d %H:%M")
