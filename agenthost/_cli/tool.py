"""``agenthost tool``."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.options import config_file, configuration
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.plan import HostPlan, Mounted
    from agenthost._host.runtime import Runtime

__all__ = ["command"]


@click.command("tool", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("agent")
@click.argument("tool")
@config_file
@click.option("--call-id", default="example-call", show_default=True, help="The call that it is made for.")
@click.option("--body", metavar="JSON", help='Further fields of the request, such as \'{"caller_id_num": "+1555"}\'.')
@click.option("--raw", is_flag=True, help="Print the request and the answer as they go over the wire.")
@click.option("--curl", is_flag=True, help="Print the command that makes this call to a running host, and stop.")
@click.pass_context
def command(
    context: click.Context,
    agent: str,
    tool: str,
    file: str | None,
    call_id: str,
    body: str | None,
    raw: bool,
    curl: bool,
) -> None:
    """Run TOOL of AGENT as the platform would, without a server.

    The tool's own arguments follow as options:

      agenthost tool sales get_pricing --product basic

    AGENT is an installed agent, or a file: path/to/file.py, path/to/file.py:Name. Exit code 1: the tool failed.
    """
    config = configuration(file)
    from agenthost._host.server import make_runtime, start_logging, with_secrets
    from agenthost._host.single import find_agent

    start_logging(config)
    plan, found = find_agent(config, agent)
    if tool not in found.tools:
        names = ", ".join(found.tools) or "none"
        msg = f"agent {found.key!r} has no tool {tool!r}. It has: {names}."
        raise click.UsageError(msg)
    runtime = make_runtime(with_secrets(config))
    request = _request(tool, _arguments(context.args, found.tools[tool].parameters), call_id, _fields(body))
    host = f"{config.host.host}:{config.host.port}"
    if curl:
        token = runtime.tokens_of(found).minter(found.route, call_id)(tool).decode()
        url = f"{runtime.base(found.route, 'http', host)}/swaig/?__token={token}"
        data = shlex.quote(json.dumps(request, ensure_ascii=False))
        click.echo(f"curl {shlex.quote(url)} -H 'content-type: application/json' -d {data}")
        return
    answer = asyncio.run(_run(plan, found, runtime, host, request))
    if raw:
        click.echo(json.dumps({"request": request, "response": answer}, indent=2, ensure_ascii=False))
    else:
        click.echo(answer.get("response", ""))
        for action in answer.get("action", ()):
            click.echo(f"  action: {json.dumps(action, ensure_ascii=False)}")
    sys.exit(ExitCode.FINDINGS if "error_id" in answer else ExitCode.OK)


async def _run(plan: HostPlan, agent: Mounted, runtime: Runtime, host: str, request: dict[str, Any]) -> dict[str, Any]:
    from agenthost._host.calling import ToolCaller
    from agenthost.swaig import ToolRequest

    def resolve(name: str) -> str:
        return runtime.base(plan.sibling(name).route, "http", host)

    called = ToolRequest.from_body(request)
    caller = ToolCaller(runtime.config.host.tool_timeout)
    answer: dict[str, Any] = json.loads(await caller.answer(agent, agent.tools[called.function], called, resolve))
    return answer


def _request(tool: str, arguments: dict[str, Any], call_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A request in the platform's form."""
    raw = json.dumps(arguments, ensure_ascii=False)
    return {"function": tool, "argument": {"parsed": [arguments], "raw": raw}, "call_id": call_id, **fields}


def _arguments(words: list[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """``--name value`` and ``--name=value`` pairs; a value is JSON where a list or an object is declared."""
    arguments: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not name.startswith("--"):
            msg = f"{word!r}: write the tool's arguments as --name value."
            raise click.UsageError(msg)
        key = name[2:].replace("-", "_")
        declared = schema["properties"].get(key, {})
        try:
            value = value if equals else next(rest)
            arguments[key] = json.loads(value) if declared.get("type") in ("array", "object") else value
        except StopIteration:
            msg = f"{word} needs a value."
            raise click.UsageError(msg) from None
        except ValueError as error:
            msg = f"{name} must be JSON: {error}."
            raise click.UsageError(msg) from error
    return arguments


def _fields(body: str | None) -> dict[str, Any]:
    try:
        fields = json.loads(body or "{}")
    except ValueError as error:
        msg = f"--body is not JSON: {error}"
        raise click.UsageError(msg) from error
    if not isinstance(fields, dict):
        msg = "--body must be a JSON object."
        raise click.UsageError(msg)
    return fields
