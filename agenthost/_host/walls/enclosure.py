"""The enclosure of an isolated agent's process.

It consists of everything that the process gives up before it imports a package.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.walls.files import DEVICES, readable
from agenthost._host.walls.kernel import drop_capabilities, set_debuggable
from agenthost._host.walls.landlock import restrict_files, version
from agenthost._host.walls.mark import mark_process

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Enclosure"]

_READ_ONLY = ":ro"


@frozen
class Enclosure:
    """The walls around the processes of one agent."""

    paths: tuple[str, ...] = ()
    """Files and directories that they may change, or only read where ``:ro`` follows."""
    private: tuple[str, ...] = ()
    """Files and directories of the host, which no prefix or source directory opens."""
    file_limit: int = 1024
    """Files that each process may have open."""
    process_limit: int | None = None
    """Processes and threads that its user may have."""
    debuggable: bool = False

    def enclose(self, directory: str) -> None:
        """Enclose this process, and all that it will start, for good.

        It must have one thread. ``directory`` is its own, for temporary files.

        Raises:
            OSError: a path of ``paths`` does not exist, or the kernel refuses.
        """
        # Landlock keeps other agents out, and /proc may hide what cannot be debugged from the host (hidepid, proc(5)).
        set_debuggable(self.debuggable or version() > 0)
        _limit("RLIMIT_NOFILE", self.file_limit)
        _limit("RLIMIT_NPROC", self.process_limit)
        read = [path.removesuffix(_READ_ONLY) for path in self.paths if path.endswith(_READ_ONLY)]
        write = [path for path in self.paths if not path.endswith(_READ_ONLY)]
        for path in (*read, *write):
            os.stat(path)  # noqa: PTH116 - every start pays for pathlib
        mark_process()
        if version():
            known, listed = readable(self.private)
            restrict_files([*known, *read], [*_existing(directory), *DEVICES, *write], listed)
        drop_capabilities()


def _existing(directory: str) -> Iterable[str]:
    return (directory,) if directory else ()


def _limit(name: str, most: int | None) -> None:
    if most is None or sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    with suppress(OSError, ValueError):
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
