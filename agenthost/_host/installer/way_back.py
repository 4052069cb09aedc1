"""The way back: the commands that bring an environment to the versions that it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from agenthost._host.installer.commands import Command, Installer

__all__ = ["way_back"]


def way_back(
    installer: Installer, wanted: Mapping[str, str], now: Mapping[str, str], changed: Collection[str] = ()
) -> tuple[Command, ...]:
    """Return the commands that lead from the versions of now to the wanted ones.

    Both have versions by distribution. ``changed`` are distributions with other contents under the wanted version.
    """
    other = [f"{name}=={version}" for name, version in sorted(wanted.items()) if now.get(name) != version]
    again = [f"{name}=={wanted[name]}" for name in sorted(changed) if name in wanted and now.get(name) == wanted[name]]
    new = sorted(now.keys() - wanted.keys())
    return tuple(
        command(*names)
        for command, names in ((installer.install, other), (installer.reinstall, again), (installer.uninstall, new))
        if names
    )
