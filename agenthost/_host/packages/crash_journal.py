"""Crash journal: the packages being loaded, to recognise one that kills the process.

Before a package is loaded, a file in ``state_dir/loading`` records it and the process. Afterwards the file is removed.
A remaining file belongs to a process that died in between. Each process has files of its own, so that workers and hosts
with a common directory do not interfere.
"""

# No pathlib: every start pays for what is imported here.
# ruff: noqa: PTH103, PTH108, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import atexit
import json
import os
import socket
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from agenthost._host.installer.environment import installer
from agenthost._host.packages.diagnosis import Diagnosed, Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEATHS", "CrashingPackage", "Journal"]

DEATHS = 3
"""Processes that a package can kill before it is quarantined."""


class CrashingPackage(Diagnosed):
    """A package has killed too many processes while it was loaded."""


class Journal:
    """The journal of one state directory.

    If it cannot be written, every package is loaded.
    """

    def __init__(self, state_dir: str) -> None:
        self._directory = os.path.join(state_dir, "loading")
        self._host = socket.gethostname()
        self._began = _began(os.getpid())
        self._own: set[str] = set()
        self._left: tuple[str, ...] | None = None
        """The entries that other processes had before the first package."""
        atexit.register(self.forget)

    def forget(self) -> None:
        """Remove the entries of this process, which has survived."""
        for path in list(self._own):
            with suppress(OSError):
                os.unlink(path)
        self._own.clear()

    @contextmanager
    def loading(self, distribution: str, version: str, what: str) -> Iterator[None]:
        """Load a package in the block.

        Raises:
            CrashingPackage: it has killed ``DEATHS`` processes.
        """
        name = sha256(f"{distribution}\0{version}\0{what}".encode()).hexdigest()[:16]
        if self._left is None:
            self._left = self._open()
        dead = [entry for entry in self._left if entry.startswith(f"{name}.") and not self._lives(entry)]
        if len(dead) >= DEATHS:
            again = f"to try it again: rm {os.path.join(self._directory, name)}.*"
            reason = f"{distribution} {version} has killed {len(dead)} processes while it was loaded"
            raise CrashingPackage(Diagnosis(reason, f"{installer().upgrade(distribution)}; or, {again}"))
        path = os.path.join(self._directory, f"{name}.{self._host}.{os.getpid()}.{os.urandom(4).hex()}")
        with suppress(OSError):
            self._own.add(path)
            with open(path, "x", encoding="utf-8") as file:
                file.write(json.dumps({"package": distribution, "version": version, "began": self._began}))
        try:
            yield
        finally:
            self._own.discard(path)
            with suppress(OSError):
                os.unlink(path)
        for entry in dead:  # the package can be loaded after all
            with suppress(OSError):
                os.unlink(os.path.join(self._directory, entry))

    def left_by(self, process: int) -> tuple[str, str] | None:
        """Return the package that a process was loading when it ended.

        It is a distribution and its version. The process ran on this machine.
        """
        with suppress(OSError):
            for entry in os.listdir(self._directory):
                host, owner, _ = entry.partition(".")[2].rsplit(".", 2)
                if (host, owner) == (self._host, str(process)):
                    with suppress(OSError, ValueError, KeyError):
                        path = os.path.join(self._directory, entry)
                        with open(path, encoding="utf-8") as file:
                            noted = json.load(file)
                        os.unlink(path)
                        return str(noted["package"]), str(noted["version"])
        return None

    def _open(self) -> tuple[str, ...]:
        """Create the directory, and return its entries."""
        with suppress(OSError):
            for directory in (os.path.dirname(self._directory), self._directory):
                os.makedirs(directory, mode=0o700, exist_ok=True)
            return tuple(os.listdir(self._directory))
        return ()

    def _lives(self, entry: str) -> bool:
        """Return True if the process of an entry may still be loading.

        A process on another machine may.
        """
        host, process, _ = entry.partition(".")[2].rsplit(".", 2)
        if host != self._host:
            return True
        try:
            os.kill(int(process), 0)
            with open(os.path.join(self._directory, entry), encoding="utf-8") as file:
                noted: dict[str, Any] = json.load(file)
        except (ProcessLookupError, ValueError):
            return False
        except OSError:
            return True
        began = _began(int(process))
        return not began or bool(noted.get("began") == began)


def _began(process: int) -> str:
    """Return the start time of a process, as its number may be reused.

    It is empty where the system hides the process (hidepid in proc(5)).
    """
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
