"""``agenthost swml``."""

from __future__ import annotations

import json
import sys

import click

from agenthost._cli.options import config_file, configuration
from agenthost.errors import ExitCode

__all__ = ["command"]


@click.command("swml")
@click.argument("agent")
@config_file
@click.option("--call-id", default="example-call", show_default=True, help="The call that the tokens are for.")
@click.option("--validate", metavar="FILE", help="Check the document against a SWML JSON Schema.")
def command(agent: str, file: str | None, call_id: str, validate: str | None) -> None:
    """Print the document of AGENT, as SignalWire would fetch it.

    AGENT is an installed agent, or a file: path/to/file.py, path/to/file.py:Name.

    A published schema of SWML is usually behind the platform: it may not know verbs and keys that work. --validate is
    a lint, its findings are questions. Exit code 1: there are findings.
    """
    config = configuration(file)
    from agenthost._host.server import make_runtime, with_secrets
    from agenthost._host.single import find_agent

    _, found = find_agent(config, agent)
    runtime = make_runtime(with_secrets(config))
    host = f"{config.host.host}:{config.host.port}"
    base = runtime.base(found.route, "http", host).encode()
    document = json.loads(found.template.render(base, runtime.tokens_of(found).minter(found.route, call_id)))
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    if validate is not None:
        from agenthost._host.lint import lint

        findings = lint(document, validate)
        for finding in findings:
            click.echo(finding, err=True)
        sys.exit(ExitCode.FINDINGS if findings else ExitCode.OK)
