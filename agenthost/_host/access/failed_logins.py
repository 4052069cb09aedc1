"""Failed logins: a limit of wrong passwords per client."""

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

__all__ = ["FailedLogins"]

_MINUTE = 60.0
_SIXTY_FOUR = 64

_log = logging.getLogger("agenthost.web")


@define
class _Bucket:
    """The budget of one client.

    Args:
        tokens: failures that are left.
        at: when that was so, in seconds of ``clock``.
        told: whether the log has it that none was left.
    """

    tokens: float
    at: float
    told: bool = False


class FailedLogins:
    """A token bucket for each client, used by failures only.

    A client is an address, or for IPv6 the network of 64 bits that one subscriber has. Correct credentials never depend
    on it: behind one address of a balancer, a guesser must not lock out other users. So this keeps guessing cheap to
    answer and easy to see. The length of the password keeps it from succeeding.

    Args:
        in_a_minute: gives the failures that a client may have in a minute; 0 for any number.
        most: clients that are remembered; the one that failed longest ago is forgotten.
        clock: seconds.
    """

    def __init__(
        self, in_a_minute: Callable[[], int], most: int = 4096, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._in_a_minute = in_a_minute
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def count(self, client: str) -> int:
        """Count a failure of the client at an address.

        Returns:
            Seconds until it may fail again, or 0 while it still may.
        """
        allowed = self._in_a_minute()
        if not allowed:
            return 0
        client, now = _network(client), self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(float(allowed), now)
        self._buckets[client] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        a_second = allowed / _MINUTE
        bucket.tokens = min(float(allowed), bucket.tokens + (now - bucket.at) * a_second)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            bucket.told = False
            return 0
        if not bucket.told:
            bucket.told = True
            _log.warning("more than %d failed logins in a minute from %s", allowed, client)
        return math.ceil((1 - bucket.tokens) / a_second)


def _network(client: str) -> str:
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> _SIXTY_FOUR << _SIXTY_FOUR)}/64"
    return str(address)
