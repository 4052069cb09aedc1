"""``agenthost tool``."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts import completions
from agenthost._cli.parts.options import as_json, config_file, configuration, json_object, pairs, query_parameters
from agenthost._cli.parts.output import echo, print_json
from agenthost._cli.trials.agents_with_tools import the_only_agent
from agenthost._cli.trials.described_tools import runs_here, show_tools
from agenthost._cli.trials.tried_store import MEMORY, store_words, with_store
from agenthost.errors import ExitCode, PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._host.packages.stages import Mounted
    from agenthost._host.runtime.dry_run import DryRun
    from agenthost.results.tool_answer import ToolAnswer

__all__ = ["command"]


@click.command(
    "tool", context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False
)
@click.argument("agent", required=False, metavar="[AGENT]", shell_complete=completions.agents)
@click.argument("tool", required=False, metavar="[TOOL]", shell_complete=completions.tools)
@config_file
@click.option(
    "--state",
    metavar="URL",
    default=MEMORY,
    show_default=True,
    help="The store for the agent's state; configured for the one of the configuration.",
)
@click.option("--call-id", default="example-call", show_default=True, help="ID of the call.")
@query_parameters
@click.option("--body", metavar="JSON", help='Further fields of the request, such as \'{"caller_id_num": "+1555"}\'.')
@click.option("--raw", is_flag=True, help="Print the request and the response as they go over the wire.")
@click.option("--curl", is_flag=True, help="Print the curl command that makes this call to a running host, and stop.")
@as_json
@click.option("-h", "--help", "wants_help", is_flag=True, help="Show this message, or the arguments of TOOL, and exit.")
@click.pass_context
def command(
    context: click.Context,
    agent: str | None,
    tool: str | None,
    file: str | None,
    state: str,
    call_id: str,
    query: tuple[str, ...],
    body: str | None,
    raw: bool,
    curl: bool,
    as_json: bool,
    wants_help: bool,
) -> None:
    """Call TOOL of AGENT as the platform would, without a server.

    Without TOOL, list the agent's tools, and without AGENT the agents. With TOOL and --help, show its arguments.

    The tool's arguments follow as options. Lists and objects are JSON; a list can also be a repeated option:

      agenthost tool sales get_pricing --product basic

    An argument with the name of an option of this command goes after --, as in: … -- --body heavy.

    AGENT is an installed agent, or a file: path/to/file.py, path/to/file.py:Name. Exit code 1: the tool failed.
    """
    if wants_help and tool is None:
        echo(context.get_help())
        return
    config = with_store(configuration(file), state)
    agent = agent or the_only_agent(config, as_json=as_json)
    if agent is None:
        return
    from agenthost._cli.trials.dry_run import dry_run_of
    from agenthost._web.request.tool_answers import swaig_fields

    asked = pairs(query)
    called = {"call_id": call_id, **json_object("--body", body), "function": tool}
    found, dry_run = dry_run_of(config, agent, str(called["call_id"]))
    if tool is None or wants_help:
        show_tools(found, dry_run, asked, called, as_json=as_json)
        return
    request, url, answer = asyncio.run(_exchange(dry_run, found, asked, called, context.args, ask=not curl))
    if answer is None:
        data = shlex.quote(json.dumps(request, ensure_ascii=False))
        echo(f"curl {shlex.quote(url)} -H 'content-type: application/json' -d {data}")
        return
    fields = swaig_fields(answer, dry_run.resolve)
    if raw:
        print_json({"request": request, "response": fields})
    elif as_json:
        print_json(fields)
    else:
        echo(answer.text)
        for action in fields.get("action", ()):
            echo(f"  action: {json.dumps(action, ensure_ascii=False)}")
    if dry_run.used_store:
        echo(store_words(config, state), err=True)
    if answer.error_id is not None:
        echo(f"The tool failed ({answer.error_id}, see above): the caller hears this fallback.", err=True)
    sys.exit(ExitCode.FINDINGS if answer.error_id is not None else ExitCode.OK)


async def _exchange(
    dry_run: DryRun,
    agent: Mounted,
    query: Mapping[str, str],
    called: Mapping[str, Any],
    words: Sequence[str],
    *,
    ask: bool,
) -> tuple[dict[str, Any], str, ToolAnswer | None]:
    """Make the request of a tool call, and return request, URL and response.

    As on the platform, the document is rendered first: it has the URL of the tool and the data that come back with the
    call. Unless ``ask``, the tool is not run.

    Raises:
        PlanError: the agent's own code fails to make the document.
        click.UsageError: the tool does not exist or runs elsewhere, or its arguments are wrong.
    """
    from agenthost._host.runtime.dry_run import query_of
    from agenthost.tools.swaig import MalformedRequest

    name = called["function"]
    made = await dry_run.document(query, {key: value for key, value in called.items() if key != "function"})
    if made.error_id is not None:
        msg = f"agent {agent.key!r} cannot make its document for this call ({made.error_id}, see above)."
        raise PlanError(msg)
    url = _address(made.result, name)
    found = await dry_run.tools(query_of(url), dict(called))
    tool = runs_here(agent, name, found.result)
    arguments = _arguments(words, tool.parameters)
    written = {"parsed": [arguments], "raw": json.dumps(arguments, ensure_ascii=False)}
    request = {"function": name, "argument": written, **called}
    if not ask:
        return request, url, None
    try:
        return request, url, await dry_run.call(tool, request)
    except MalformedRequest as error:
        msg = f"--body: {error}."
        raise click.UsageError(msg) from error


def _address(document: Mapping[str, Any], name: str) -> str:
    """Return the URL of a tool in a document, or an empty text."""
    ai: dict[str, Any] = next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)
    swaig = ai.get("SWAIG", {})
    described: dict[str, Any] = next((entry for entry in swaig.get("functions", ()) if entry["function"] == name), {})
    return str(described.get("web_hook_url") or swaig.get("defaults", {}).get("web_hook_url", ""))


def _arguments(words: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Parse ``--name value`` and ``--name=value`` by the tool's schema.

    A boolean may go without a value.
    """
    arguments: dict[str, Any] = {}
    left = list(words)
    while left:
        word, equals, value = left.pop(0).partition("=")
        if not word.startswith("--") or word == "--":
            msg = f"{word!r}: write the tool's arguments as --name value."
            raise click.UsageError(msg)
        name = word[2:] if word[2:] in schema["properties"] else word[2:].replace("-", "_")
        declared = schema["properties"].get(name, {})
        kind = declared.get("type")
        if not equals:
            if kind == "boolean" and (not left or left[0].startswith("--")):
                value = "true"
            elif left:
                value = left.pop(0)
            else:
                msg = f"{word} needs a value."
                raise click.UsageError(msg)
        if kind == "array" and not value.lstrip().startswith("["):
            text = declared.get("items", {}).get("type") == "string"
            arguments[name] = [*arguments.get(name, ()), value if text else _json(word, value)]
        else:
            arguments[name] = _json(word, value) if kind in ("array", "object") else value
    return arguments


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f"{option} must be JSON: {error}."
        raise click.UsageError(msg) from error
