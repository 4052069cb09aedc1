"""``agenthost lock``."""

from __future__ import annotations

import click

from agenthost._cli.parts.options import config_file, configuration
from agenthost._cli.parts.output import echo, leave_log_out, print_warnings

__all__ = ["command"]


@click.command("lock")
@config_file
def command(file: str | None) -> None:
    """Write agenthost.lock: the installed packages as they are now.

    A host that finds the file next to its configuration serves the packages in it. A package that has changed since is
    quarantined at the next start, and agenthost diff shows the change. Keep the file in version control.
    """
    config = configuration(file)
    leave_log_out()
    from agenthost._host.generations.changes import changes, dependency_changes
    from agenthost._host.generations.lock import read_lock, write_lock
    from agenthost._host.generations.locked import Lock
    from agenthost._host.operations.locking import installed_lock

    before = read_lock(config)
    lock, plan = installed_lock(config)
    print_warnings(f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis)
    write_lock(lock)
    known = before or Lock(lock.place)
    for change in (*changes(known, lock), *(dependency_changes(known, lock) if before else ())):
        echo(f"  {change}")
    count = len(lock.distributions)
    echo(f"{lock.place}: {count} package{'s' * (count != 1)} with {len(plan.agents)} agents")
