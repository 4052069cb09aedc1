"""Descriptions of an agent's tools: a list, and the arguments of one."""

from __future__ import annotations

import asyncio
import textwrap
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.output import echo, print_json
from agenthost._error_words import did_you_mean
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.runtime.dry_run import DryRun
    from agenthost.tools.tool import Tool

__all__ = ["runs_here", "show_tools"]

_WIDTH = 100


def runs_here(agent: Mounted, name: str, tools: Mapping[str, Any]) -> Tool:
    """Return the tool with this name.

    Raises:
        click.UsageError: there is none, or another server runs it.
    """
    from agenthost.tools.tool import Tool

    tool = _named(agent, name, tools)
    if not isinstance(tool, Tool):
        msg = f"tool {name!r} of agent {agent.key!r} runs on the platform. agenthost swml shows its description."
    elif tool.webhook_url is not None:
        msg = f"tool {name!r} of agent {agent.key!r} is answered by {tool.webhook_url}, not by this host."
    else:
        return tool
    raise click.UsageError(msg)


def _named(agent: Mounted, name: str, tools: Mapping[str, Any]) -> Any:
    if name not in tools:
        names = ", ".join(tools) or "none"
        msg = f"agent {agent.key!r} has no tool {name!r}. {did_you_mean(name, tools)}It has: {names}."
        raise click.UsageError(msg)
    return tools[name]


def show_tools(
    agent: Mounted, dry_run: DryRun, query: Mapping[str, str], called: Mapping[str, Any], *, as_json: bool
) -> None:
    """Print the tools of an agent, or the arguments of the one that is called.

    Raises:
        PlanError: the agent's own code fails to configure the call.
        click.UsageError: there is no such tool.
    """
    name = called["function"]
    made = asyncio.run(dry_run.tools(query, {key: value for key, value in called.items() if key != "function"}))
    if made.error_id is not None:
        msg = f"agent {agent.key!r} cannot list its tools for this call ({made.error_id}, see above)."
        raise PlanError(msg)
    if name is not None:
        described = _described(name, _named(agent, name, made.result))
        if as_json:
            print_json(described)
        else:
            echo(_help(agent, described))
    elif as_json:
        print_json([_described(each, tool) for each, tool in made.result.items()])
    elif made.result:
        formatter = click.HelpFormatter(max_width=_WIDTH)
        formatter.write_dl([_row(_described(each, tool)) for each, tool in made.result.items()])
        echo(textwrap.dedent(formatter.getvalue()), nl=False)
    else:
        echo(f"agent {agent.key!r} has no tools.")


def _described(name: str, tool: Any) -> dict[str, Any]:
    """Return a tool as data."""
    from agenthost.tools.tool import Tool

    if isinstance(tool, Tool):
        runs, entry = tool.webhook_url or "here", {"description": tool.description, "parameters": tool.parameters}
    else:
        runs, entry = "on the platform", tool.describe(str)
    parameters = entry.get("parameters") or entry.get("argument") or {}
    description = entry.get("description") or entry.get("purpose") or ""
    return {"tool": name, "description": description, "parameters": parameters, "runs": runs}


def _row(described: Mapping[str, Any]) -> tuple[str, str]:
    words = [described["tool"], *(_option(*each) for each in _arguments(described["parameters"]))]
    first = described["description"].strip().partition("\n")[0]
    return " ".join(words), first if described["runs"] == "here" else f"{first} (runs: {described['runs']})"


def _help(agent: Mounted, described: Mapping[str, Any]) -> str:
    """Return a tool's own help."""
    formatter = click.HelpFormatter(max_width=_WIDTH)
    arguments = list(_arguments(described["parameters"]))
    options = " ".join(_option(*each) for each in arguments)
    formatter.write_usage(f"agenthost tool {agent.key} {described['tool']}", options)
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(described["description"].strip())
    if described["runs"] != "here":
        formatter.write_paragraph()
        formatter.write_text(f"It is not run by this host, but: {described['runs']}.")
    if arguments:
        with formatter.section("Arguments"):
            formatter.write_dl([(_plain(*each), _explained(*each)) for each in arguments])
    formatter.write_paragraph()
    formatter.write_text("agenthost tool --help has the options of the command itself.")
    return formatter.getvalue().rstrip("\n")


def _arguments(parameters: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], bool]]:
    """Return name, schema and whether it is required, of each argument."""
    required = set(parameters.get("required", ()))
    return [(name, schema, name in required) for name, schema in parameters.get("properties", {}).items()]


def _plain(name: str, schema: Mapping[str, Any], _: object = None) -> str:
    kind = _kind(schema)
    return f"--{name.replace('_', '-')} {kind}" if kind else f"--{name.replace('_', '-')}"


def _option(name: str, schema: Mapping[str, Any], required: bool) -> str:
    return _plain(name, schema) if required else f"[{_plain(name, schema)}]"


def _kind(schema: Mapping[str, Any]) -> str:
    """Return the form of a value, empty for a boolean, which needs none."""
    if "enum" in schema:
        return "|".join(str(value) for value in schema["enum"])
    kind = schema.get("type")
    kinds = [each for each in (kind if isinstance(kind, list) else [kind]) if each not in (None, "null")]
    if kinds == ["boolean"]:
        return ""
    return {"array": "JSON", "object": "JSON", "string": "TEXT"}.get(kinds[0], kinds[0].upper()) if kinds else "VALUE"


def _explained(_: str, schema: Mapping[str, Any], required: bool) -> str:
    words = [str(schema.get("description", ""))]
    if required:
        words.append("[required]")
    elif "default" in schema:
        words.append(f"[default: {schema['default']}]")
    return "  ".join(word for word in words if word)
