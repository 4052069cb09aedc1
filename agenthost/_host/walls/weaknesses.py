"""Weaknesses: walls around isolated agents that this system does not have."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from agenthost._host.walls.landlock import SIGNALS_SINCE, version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["weaknesses"]


def weaknesses(agents: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what the processes of isolated agents can do here, and the fix.

    ``agents`` are those without a user of their own.
    """
    names = ", ".join(agents)
    if not agents:
        return
    if sys.platform != "linux":
        yield f"only Linux has walls around isolated agents: {names} can reach everything of this user", "Use Linux."
        return
    known = version()
    own = "or run_as in the section of each agent"
    if not known:
        yield (
            (
                f"the kernel does not have Landlock: {names} can use all files of this user, signal its processes, and"
                " trace those that are not the host's"
            ),
            f"Use Linux 6.12 with lsm=landlock, {own}.",
        )
    elif known < SIGNALS_SINCE:
        yield (
            f"the kernel has version {known} of Landlock, not {SIGNALS_SINCE}: {names} can send signals to the host",
            f"Use Linux 6.12, {own}.",
        )
    if not os.geteuid():
        yield f"the host runs as root, and so does {names}", f"Start the host as another user, {own}."
