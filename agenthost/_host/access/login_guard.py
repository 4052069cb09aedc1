"""The login guard: guesses have to wait, and recently successful credentials do not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TypeAlias

from agenthost._host.access.credentials import user_of
from agenthost._host.access.failed_logins import network_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenthost._host.access.failed_logins import FailedLogins
    from agenthost._host.access.known_logins import KnownLogins
    from agenthost._host.access.principals import Keys, Principal

__all__ = ["OPENED", "WRONG", "Comparison", "LoginGuard", "Mark"]

OPENED = 0
WRONG = -1

Mark: TypeAlias = "tuple[str | bytes, bytes]"
"""The peer, with its forwarding headers if it is a trusted proxy, and the ``Authorization`` header."""
_NOTED_FOR = 600.0
"""Seconds for which a success is not noted again."""
_MOST_NOTED = 4096


class Comparison(Protocol):
    """The comparison of credentials with pairs and keys, such as ``Door``."""

    def principal_of(self, header: bytes, keys: Keys) -> Principal | None:
        """Return the principal of an ``Authorization`` header, or None for a wrong one."""


class LoginGuard:
    """The guard before the comparison of credentials.

    Credentials that have just succeeded are not compared again, as their comparison would give the same.

    ``bearer`` gives the user that an API key counts for, which names none. ``clock`` gives seconds.
    ``note`` is called for wrong credentials.
    """

    def __init__(
        self,
        failed: FailedLogins,
        known: KnownLogins,
        bearer: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
        note: Callable[[], object] = lambda: None,
    ) -> None:
        self.known = known
        self._failed = failed
        self._bearer = bearer
        self._clock = clock
        self._note = note
        self._noted: dict[Mark, tuple[float, Comparison, Keys, Principal]] = {}

    def keep_in(self, directory: str) -> None:
        """Share the tables of logins through files, see ``SharedTable``."""
        self.known.table.keep_in(directory)
        self._failed.table.keep_in(directory)

    def recent(self, mark: Mark, door: Comparison, keys: Keys) -> Principal | None:
        """Return the principal if these credentials have succeeded within minutes, with the same arguments."""
        noted = self._noted.get(mark)
        if noted is not None and noted[1] is door and noted[2] is keys and noted[0] > self._clock():
            return noted[3]
        return None

    def log_in(
        self, mark: Mark, client: str, header: bytes, door: Comparison, keys: Keys
    ) -> tuple[int, Principal | None]:
        """Compare credentials, unless there were too many wrong ones for this user from this client.

        ``door`` and ``keys`` never change.

        Returns:
            ``OPENED`` and the principal, ``WRONG``, or the seconds for which the client has to wait.
        """
        noted = self._noted.get(mark)
        if noted is not None and noted[0] > self._clock() and (found := door.principal_of(header, keys)) is not None:
            self._noted[mark] = noted[0], door, keys, found
            return OPENED, found
        if wait := self._wait(client, header):
            return wait, None
        if (found := door.principal_of(header, keys)) is not None:
            self._succeeded(mark, client, header, (door, keys, found))
            return OPENED, found
        return self._refused(client, header) or WRONG, None

    def _wait(self, client: str, header: bytes) -> int:
        if not self._failed.waiting:
            return 0
        wait = self._failed.wait(client, user_of(header, self._bearer()))
        return 0 if wait and self.known.has(network_of(client), header) else wait

    def _succeeded(self, mark: Mark, client: str, header: bytes, how: tuple[Comparison, Keys, Principal]) -> None:
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted[mark] = self._clock() + _NOTED_FOR, *how
        self.known.add(network_of(client), header)

    def _refused(self, client: str, header: bytes) -> int:
        """Count wrong credentials, unless they succeeded from there within a day."""
        self._note()
        if self.known.has(network_of(client), header):
            return 0
        return self._failed.count(client, user_of(header, self._bearer()))
