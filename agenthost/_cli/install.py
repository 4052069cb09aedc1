"""``agenthost install``."""

from __future__ import annotations

import click

from agenthost._cli.change_packages import change_packages, changing_packages

__all__ = ["command"]


@click.command("install")
@changing_packages
def command(file: str | None, packages: tuple[str, ...], port: int | None, yes: bool) -> None:
    """Install packages by the installer of this environment, and serve them.

    The installer is pip, uv, uv tool or pipx. Its command is printed, then what has changed. After a yes,
    agenthost.lock is written if it exists, and a running host reloads. If it refuses, the way back is printed.

    Exit codes: 0 done, 1 not accepted or needs a restart, 3 the configuration or the lock file is wrong, 4 the
    installer failed or the host refused.
    """
    change_packages(file, port, lambda installer: installer.install(*packages), yes=yes)
