"""``agenthost diff``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import attrs
import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, leave_log_out, print_json
from agenthost.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost._host.generations.changes import Change

__all__ = ["command", "show_changes"]


@click.command("diff")
@config_file
@as_json
def command(file: str | None, as_json: bool) -> None:
    """Compare what is installed with agenthost.lock.

    The packages are imported and built, so that the list shows the tools, routes and settings that differ. Exit code 1:
    something differs. Exit code 3: there is no agenthost.lock, or it cannot be read.
    """
    config = configuration(file)
    leave_log_out()
    from agenthost._host.generations.changes import changes, dependency_changes
    from agenthost._host.generations.lock import lock_path, read_lock
    from agenthost._host.operations.locking import installed_lock

    locked = read_lock(config)
    if locked is None:
        raise ConfigurationError(f"{lock_path(config)} does not exist. fix: agenthost lock writes it")
    lock, _ = installed_lock(config)
    packages = [
        change
        for change in changes(locked, lock)
        if change.after or locked.needed_by(config.host, change.distribution)  # else another host has it
    ]
    dependencies = dependency_changes(locked, lock) if config.host.serves() else ()
    if as_json:
        found = {"packages": packages, "dependencies": dependencies}
        print_json({kind: [attrs.asdict(change) for change in each] for kind, each in found.items()})
    else:
        show_changes(packages, dependencies, "; not in agenthost.lock")
        if not packages and not dependencies:
            echo(f"Nothing differs from {locked.place}.")
    if packages or dependencies:
        sys.exit(ExitCode.FINDINGS)


def show_changes(packages: Iterable[Change], dependencies: Iterable[Change], unlocked: str = "") -> None:
    """Print changes of packages and of their dependencies.

    ``unlocked`` is added to what is installed.
    """
    for change in packages:
        echo(f"{change}{unlocked}" if change.after else str(change))
    for change in dependencies:
        echo(str(change))
