"""Commands of installed packages: entry points of the group ``agenthost.commands``."""

from __future__ import annotations

import pkgutil

import click

from agenthost._discovery import COMMANDS, discover
from agenthost._error_words import summary_of
from agenthost._host.installer.environment import installer
from agenthost.errors import PlanError

__all__ = ["installed_command", "installed_names"]


def installed_names() -> tuple[str, ...]:
    """Return the names of the commands of installed packages."""
    return tuple(candidate.name for candidate in discover((COMMANDS,)))


def installed_command(name: str) -> click.Command | None:
    """Return the command of an installed package, or None if no package offers it.

    Raises:
        PlanError: two packages offer it, or it cannot be loaded.
    """
    found = [candidate for candidate in discover((COMMANDS,)) if candidate.name == name]
    if not found:
        return None
    packages = " and ".join(f"{each.distribution} {each.version}" for each in found)
    if len(found) > 1:
        raise PlanError(f"command {name!r} is offered by {packages}. fix: uninstall all but one of them.")
    value = found[0].value.partition("[")[0].strip()
    remedy = f"fix: {installer().upgrade(found[0].distribution)}"
    try:
        command = pkgutil.resolve_name(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PlanError(f"{packages}: command {name!r} cannot be loaded: {summary_of(error)}. {remedy}") from error
    if not isinstance(command, click.Command):
        raise PlanError(
            f"{packages}: command {name!r}: {value} is of type {type(command).__name__}, not a click command. {remedy}"
        )
    return command
