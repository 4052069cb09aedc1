"""Failed logins: their limit for each client and user, and waits that grow beyond it."""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FailedLogins", "network_of"]

_MINUTE = 60.0
_LONGEST = 900.0
"""The longest wait, in seconds."""
_FORGOTTEN = 3600.0
"""Seconds without a failure after which a wait is short again."""
_MOST_USERS = 16
"""Users of one client that are counted by themselves; the others together, so that inventing users gains nothing."""
_SIXTY_FOUR = 64

_log = logging.getLogger("agenthost.web")


@define
class _Bucket:
    """The state of one client and user."""

    tokens: float
    at: float
    """The time of that, in seconds of ``clock``."""
    strikes: int = 0
    until: float = 0.0


class FailedLogins:
    """A token bucket per client and user, with waits that double after failures.

    A client is an IP address, or the 64-bit network of an IPv6 address, as one subscriber has it.

    ``in_a_minute`` gives the failures that a client may have in a minute for one user; 0 for any number. ``most`` is
    the number of clients that are remembered; the one that failed longest ago is forgotten. ``clock`` gives seconds.
    """

    def __init__(
        self, in_a_minute: Callable[[], int], most: int = 4096, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._in_a_minute = in_a_minute
        self._most = most
        self._clock = clock
        self._clients: OrderedDict[str, dict[str | None, _Bucket]] = OrderedDict()
        self._last_wait = 0.0

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def waiting(self) -> bool:
        """True if any client has to wait, so that clients are looked up."""
        return self._clock() < self._last_wait

    def wait(self, client: str, user: str) -> int:
        """Return the seconds for which a client's credentials for a user are not compared."""
        users = self._clients.get(network_of(client), {})
        bucket = users.get(user) or users.get(None)
        return 0 if bucket is None else max(0, math.ceil(bucket.until - self._clock()))

    def count(self, client: str, user: str) -> int:
        """Count a failure.

        Returns:
            Seconds that it has to wait; 0 if it may fail again.
        """
        allowed = self._in_a_minute()
        if not allowed:
            return 0
        network, now = network_of(client), self._clock()
        bucket = self._bucket(network, user, _Bucket(float(allowed), now))
        if now < bucket.until:
            return math.ceil(bucket.until - now)
        a_second = allowed / _MINUTE
        if now - bucket.at > _FORGOTTEN:
            bucket.strikes = 0
        bucket.tokens = min(float(allowed), bucket.tokens + (now - bucket.at) * a_second)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        seconds = min(_LONGEST, 2.0**bucket.strikes / a_second)
        if not bucket.strikes:
            _log.warning("more than %d failed logins in a minute from %s", allowed, network)
        bucket.strikes = min(bucket.strikes + 1, _SIXTY_FOUR)
        bucket.until = now + seconds
        self._last_wait = max(self._last_wait, bucket.until)
        return math.ceil(seconds)

    def _bucket(self, network: str, user: str, new: _Bucket) -> _Bucket:
        users = self._clients.pop(network, {})
        self._clients[network] = users
        if len(self._clients) > self._most:
            self._clients.popitem(last=False)
        counted = user if user in users or len(users) < _MOST_USERS else None
        return users.setdefault(counted, new)


def network_of(client: str) -> str:
    """Return the name of a client.

    It is an IPv4 address, a 64-bit IPv6 network, or another name.
    """
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> _SIXTY_FOUR << _SIXTY_FOUR)}/64"
    return str(address)
