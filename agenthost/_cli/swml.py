"""``agenthost swml``."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts import completions
from agenthost._cli.parts.options import config_file, configuration, json_object, pairs, query_parameters
from agenthost._cli.parts.output import echo, print_json
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["command"]

_LAG = (
    "A published schema of SWML usually lags behind the platform, so a reported key may still work. Check each finding."
)


@click.command("swml")
@click.argument("agent", shell_complete=completions.agents)
@config_file
@click.option("--call-id", default="example-call", show_default=True, help="ID of the call that the tokens are for.")
@query_parameters
@click.option("--body", metavar="JSON", help="Body of the request, for an agent that is configured per call.")
@click.option("--stable", is_flag=True, help="Replace tokens, passwords, addresses and random IDs, for snapshots.")
@click.option("--validate", metavar="FILE", help="Check the document against a SWML JSON Schema.")
def command(
    agent: str,
    file: str | None,
    call_id: str,
    query: tuple[str, ...],
    body: str | None,
    stable: bool,
    validate: str | None,
) -> None:
    """Print the SWML document of AGENT, as SignalWire would fetch it.

    AGENT is an installed agent, or a file: path/to/file.py, path/to/file.py:Name.

    A published schema of SWML usually lags behind the platform, so --validate may report verbs and keys that work.
    Exit code 1: there are findings, or the agent's own code failed and this is its fallback document.
    """
    config = configuration(file)
    from agenthost._cli.trials.dry_run import dry_run_of

    asked, sent = pairs(query), json_object("--body", body)
    _, dry_run = dry_run_of(config, agent, call_id)
    made = asyncio.run(dry_run.document(asked, sent))
    print_json(_without_chance(made.result, config) if stable else made.result)
    findings = []
    if made.error_id is not None:
        echo(f"The agent's own code failed ({made.error_id}, see above): this is its fallback document.", err=True)
    if validate is not None:
        from agenthost._host.operations.document_lint import lint

        findings = lint(made.result, validate)
        for finding in findings:
            echo(finding, err=True)
        if findings:
            echo(_LAG, err=True)
    sys.exit(ExitCode.FINDINGS if findings or made.error_id else ExitCode.OK)


def _without_chance(document: Any, config: Config) -> Any:
    """Return a document that is the same on every machine."""
    from urllib.parse import urlsplit

    from agenthost.testing import stable

    public = urlsplit(config.host.public_url or "").hostname
    return stable(document, config.host.host, *([public] if public else []))
