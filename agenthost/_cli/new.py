"""``agenthost new``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.output import echo
from agenthost._host.authoring.new_project import KINDS, NewProject

if TYPE_CHECKING:
    from agenthost._host.authoring.new_project import Kind

__all__ = ["command"]


@click.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), help="What the package offers.  [default: agent]")
@click.option("--flat", is_flag=True, default=None, help="Put the import package at the top, not below src.")
@click.option("--project", metavar="NAME", help="Name of the project and its folder.  [default: agenthost-NAME]")
@click.option("--module", metavar="NAME", help="Name of the import package.  [default: that of the project]")
@click.option("--description", metavar="TEXT", help="The purpose of the package, in a sentence.")
def command(name: str, kind: Kind | None, **options: Any) -> None:
    """Create a package in a new folder, with code, tests and everything that publishing needs.

    The name is the key by which the host and its operators call it. Without options, two questions are asked on a
    terminal, and defaults are taken elsewhere. Nothing is overwritten. Exit codes: 0 the package is written, 2 a name
    cannot be used, or the folder exists.
    """
    if kind is None and not any(options.values()) and _on_terminal():
        kind = click.prompt("What does the package offer?", type=click.Choice(KINDS), default="agent")
        usual = NewProject.named(name, kind or "agent").description
        options["description"] = click.prompt("What is its purpose, in a sentence?", default=usual)
    try:
        project = NewProject.named(name, kind or "agent", **options)
        written = project.write(Path.cwd())
    except (ValueError, FileExistsError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        msg = f"{error.filename} cannot be written: {error.strerror}"
        raise click.UsageError(msg) from error
    for path in written:
        echo(f"  {path.relative_to(Path.cwd())}")
    echo("\nNext:\n")
    for line in next_commands(project):
        echo(f"  {line}")


def next_commands(project: NewProject) -> tuple[str, str, str]:
    """Return the commands that an author types next."""
    from agenthost._host.installer.environment import installer

    served = f" tests/{project.file}_agent.py" if project.kind in ("plugin", "skill") else ""
    return f"cd {shlex.quote(project.name)}", str(installer().develop(".[test]")), f"agenthost dev{served}"


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
