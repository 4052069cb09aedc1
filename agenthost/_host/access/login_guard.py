"""The login guard: guesses have to wait, and recently successful credentials do not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

from agenthost._host.access.credentials import user_of
from agenthost._host.access.failed_logins import network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenthost._host.access.failed_logins import FailedLogins
    from agenthost._host.access.known_logins import KnownLogins

__all__ = ["OPENED", "WRONG", "LoginGuard", "Mark"]

OPENED = 0
WRONG = -1

Mark: TypeAlias = "tuple[str | bytes, bytes]"
"""The peer, with its forwarding headers if it is a trusted proxy, and the ``Authorization`` header."""
_NOTED_FOR = 600.0
"""Seconds for which a success is not noted again."""
_MOST_NOTED = 4096


class LoginGuard:
    """The guard before the comparison of credentials.

    Credentials that have just succeeded are not compared again, as their comparison would give the same.

    ``bearer`` gives the user that an API key counts for, which names none. ``clock`` gives seconds.
    """

    def __init__(
        self,
        failed: FailedLogins,
        known: KnownLogins,
        bearer: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.known = known
        self._failed = failed
        self._bearer = bearer
        self._clock = clock
        self._noted: dict[Mark, tuple[float, object, object]] = {}

    def succeeded_lately(self, mark: Mark, pairs: object, opened: object) -> bool:
        """Return True if these credentials have succeeded within minutes, with the same arguments."""
        noted = self._noted.get(mark)
        return noted is not None and noted[1] is pairs and noted[2] is opened and noted[0] > self._clock()

    def log_in(self, mark: Mark, client: str, header: bytes, pairs: Iterable[Any], opened: Callable[..., bool]) -> int:
        """Compare credentials, unless there were too many wrong ones for this user from this client.

        ``pairs`` and ``opened`` never change: ``opened(header, *pairs)`` is the comparison.

        Returns:
            ``OPENED``, ``WRONG``, or the seconds for which the client has to wait.
        """
        noted = self._noted.get(mark)
        if noted is not None and noted[0] > self._clock() and opened(header, *pairs):
            self._noted[mark] = noted[0], pairs, opened
            return OPENED
        if wait := self._wait(client, header):
            return wait
        if opened(header, *pairs):
            self._succeeded(mark, client, header, pairs, opened)
            return OPENED
        return self._refused(client, header) or WRONG

    def _wait(self, client: str, header: bytes) -> int:
        if not self._failed.waiting:
            return 0
        wait = self._failed.wait(client, user_of(header, self._bearer()))
        return 0 if wait and self.known.has(network_of(client), header) else wait

    def _succeeded(self, mark: Mark, client: str, header: bytes, pairs: object, opened: object) -> None:
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted[mark] = self._clock() + _NOTED_FOR, pairs, opened
        self.known.add(network_of(client), header)

    def _refused(self, client: str, header: bytes) -> int:
        """Count wrong credentials, unless they succeeded from there within a day."""
        if self.known.has(network_of(client), header):
            return 0
        return self._failed.count(client, user_of(header, self._bearer()))
