"""``agenthost genie-demo``: SupportGenie at work, by the commands that anybody can type."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import click

from agenthost_supportgenie.scenarios import COMPLEX, PROFILE, QUERIES

__all__ = ["command", "script"]

_WORKFLOWS = ("genie-options", "genie-vote", "genie-chain", "genie-levels")


def script() -> str:
    """What is typed into the chat: each query in a conversation of its own, the complex one to every workflow."""
    lines = "\n/new\n".join(QUERIES)
    turned = "".join(f"/to {workflow}\n{COMPLEX}\n" for workflow in _WORKFLOWS)
    return f"{lines}\n{turned}"


@click.command("genie-demo")
@click.option("--config", "file", metavar="FILE", help="The configuration file, such as one that names a model.")
def command(file: str | None) -> None:
    """Show SupportGenie at work.

    Sarah Johnson, a Gold customer, asks the router twelve questions, and then one that has several sides of a parallel,
    a vote, a chain and an escalation.
    """
    words = ["chat", "genie", "--context", json.dumps(dict(PROFILE)), *(("--config", file) if file else ())]
    click.secho(f"$ agenthost {shlex.join(words)}", bold=True, err=True)
    done = subprocess.run([sys.executable, "-m", "agenthost", *words], input=script().encode(), check=False)  # noqa: S603
    sys.exit(done.returncode)
