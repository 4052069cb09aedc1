"""``agenthost uninstall``."""

from __future__ import annotations

import click

from agenthost._cli.change_packages import change_packages, changing_packages

__all__ = ["command"]


@click.command("uninstall")
@changing_packages
def command(file: str | None, packages: tuple[str, ...], port: int | None, yes: bool) -> None:
    """Uninstall packages by the installer of this environment, and serve the rest.

    The rest is as in agenthost install, with the same exit codes.
    """
    change_packages(file, port, lambda installer: installer.uninstall(*packages), yes=yes)
