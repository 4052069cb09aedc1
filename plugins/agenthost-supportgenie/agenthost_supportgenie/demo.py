"""The command ``agenthost genie-demo``, which demonstrates SupportGenie by ordinary commands."""

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
    """Return the input of the chat.

    Each query is a conversation of its own, and the complex one goes to every workflow.
    """
    lines = "\n/new\n".join(QUERIES)
    turned = "".join(f"/to {workflow}\n{COMPLEX}\n" for workflow in _WORKFLOWS)
    return f"{lines}\n{turned}"


@click.command("genie-demo")
@click.option("--config", "file", metavar="FILE", help="Configuration file, such as one that sets a model.")
def command(file: str | None) -> None:
    """Demonstrate SupportGenie.

    Sarah Johnson, a Gold customer, asks the router twelve questions. Then she asks a parallel, a vote, a chain and an
    escalation a question with several sides.
    """
    words = ["chat", "genie", "--context", json.dumps(dict(PROFILE)), *(("--config", file) if file else ())]
    click.secho(f"$ agenthost {shlex.join(words)}", bold=True, err=True)
    done = subprocess.run([sys.executable, "-m", "agenthost", *words], input=script().encode(), check=False)  # noqa: S603
    sys.exit(done.returncode)
