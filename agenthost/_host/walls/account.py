"""Accounts: users of the system that isolated agents run as."""

# One look, without pathlib.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Account", "missing_capabilities"]

_NEEDED = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7}
"""Needed to switch, to end the processes, and to make and remove their directory, by the bits of capabilities(7)."""


@frozen
class Account:
    """A user of the system, with its groups."""

    name: str
    user: int
    group: int
    groups: tuple[int, ...] = field(repr=False)
    home: str = field(repr=False)

    @classmethod
    def named(cls, name: str) -> Account:
        """Return the account with this name.

        Raises:
            LookupError: there is none.
        """
        import pwd  # noqa: PLC0415 - there is none on Windows

        found = pwd.getpwnam(name)
        groups = tuple(os.getgrouplist(name, found.pw_gid))
        return cls(name, found.pw_uid, found.pw_gid, groups, found.pw_dir)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that name it."""
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name}


def missing_capabilities() -> tuple[str, ...]:
    """Return the capabilities that this process lacks to run others as another user."""
    held = next(_effective(), None)
    if held is None:
        return () if os.geteuid() == 0 else tuple(_NEEDED)
    return tuple(name for name, bit in _NEEDED.items() if not held >> bit & 1)


def _effective() -> Iterator[int]:
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("CapEff:"):
                    yield int(line.split()[1], 16)
