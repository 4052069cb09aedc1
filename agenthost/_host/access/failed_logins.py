"""Failed logins: their limit for each client and user, and waits that grow beyond it.

All processes of a host count together, in a table that they share and a restart keeps. It has keyed hashes (BLAKE2b,
RFC 7693) of clients and users. Only failures are written, and only while a client has to wait are clients looked up.
"""

from __future__ import annotations

import logging
import math
import time
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from struct import Struct
from typing import TYPE_CHECKING, TypeAlias

from attrs import define

from agenthost._host.access.shared_table import SharedTable

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

__all__ = ["FailedLogins", "network_of"]

FILE = "failed_logins"
_MINUTE = 60.0
_LONGEST = 900.0
"""The longest wait, in seconds."""
_FORGOTTEN = 3600.0
"""Seconds without a failure after which a wait is short again."""
_MOST_USERS = 16
"""Users of one client that are counted by themselves; the others together, so that inventing users gains nothing."""
_USERS, _OTHERS = b"users", b"others"
"""In place of a user: their number, and those that are counted together."""
_SIXTY_FOUR = 64
_HASH = 16
_HEAD = Struct("<d8x")
"""The end of the last wait."""
_ENTRY = Struct(f"<{_HASH}sdddI4x")
"""Client and user, tokens, time of the tokens, end of the wait, and number of waits; or a client's number of users."""
_WAYS = 4
_SETS = 1024
_SIZE = _HEAD.size + _SETS * _WAYS * _ENTRY.size

_Table: TypeAlias = "bytearray | mmap.mmap"

_log = logging.getLogger("agenthost.web")


@define
class _Bucket:
    """The state of one client and user, at a place of the table."""

    place: int
    mark: bytes
    tokens: float
    at: float
    """The time of that, in seconds of ``clock``."""
    until: float = 0.0
    strikes: int = 0

    def write(self, table: _Table) -> None:
        _ENTRY.pack_into(table, self.place, self.mark, self.tokens, self.at, self.until, self.strikes)


class FailedLogins:
    """A token bucket per client and user, with waits that double after failures.

    A client is an IP address, or the 64-bit network of an IPv6 address, as one subscriber has it. The table has room
    for 4096; of those in the way of a new one, it forgets the one that failed longest ago.

    ``in_a_minute`` gives the failures that a client may have in a minute for one user; 0 for any number. ``key`` is a
    secret of the host. ``clock`` gives seconds since 1970.
    """

    def __init__(self, in_a_minute: Callable[[], int], key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._in_a_minute = in_a_minute
        self._keyed = blake2b(key=blake2b(key).digest(), digest_size=_HASH, person=b"failed logins")
        self._clock = clock
        self.table = SharedTable(FILE, _SIZE, "failed logins")

    @property
    def waiting(self) -> bool:
        """True if any client has to wait, so that clients are looked up."""
        last: float = _HEAD.unpack_from(self.table.opened())[0]
        return self._clock() < last

    def wait(self, client: str, user: str) -> int:
        """Return the seconds for which a client's credentials for a user are not compared."""
        table, network = self.table.opened(), network_of(client)
        for counted in (_user(user), _OTHERS):
            bucket = self._find(table, network, counted)
            if bucket is not None:
                return min(int(_LONGEST), max(0, math.ceil(bucket.until - self._clock())))
        return 0

    def count(self, client: str, user: str) -> int:
        """Count a failure.

        Returns:
            Seconds that it has to wait; 0 if it may fail again.
        """
        allowed = self._in_a_minute()
        if not allowed:
            return 0
        network = network_of(client)
        with self.table.alone() as table:
            bucket = self._bucket(table, network, user, float(allowed))
            before = bucket.until
            seconds = self._counted(bucket, allowed / _MINUTE)
            bucket.write(table)
            if bucket.until > _HEAD.unpack_from(table)[0]:
                _HEAD.pack_into(table, 0, bucket.until)
        if bucket.strikes == 1 and bucket.until > before:
            _log.warning("more than %d failed logins in a minute from %s", allowed, network)
        return math.ceil(seconds)

    def _counted(self, bucket: _Bucket, a_second: float) -> float:
        """Take a token, and return the seconds of the wait if there is none."""
        now, allowed = self._clock(), a_second * _MINUTE
        if now < bucket.until:
            return min(_LONGEST, bucket.until - now)
        if now - bucket.at > _FORGOTTEN:
            bucket.strikes = 0
        bucket.tokens = min(allowed, bucket.tokens + max(0.0, now - bucket.at) * a_second)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        seconds = min(_LONGEST, 2.0**bucket.strikes / a_second)
        bucket.strikes = min(bucket.strikes + 1, _SIXTY_FOUR)
        bucket.until = now + seconds
        return seconds

    def _bucket(self, table: _Table, network: str, user: str, tokens: float) -> _Bucket:
        """Return the bucket of a client and user, or of further users."""
        counted, now = _user(user), self._clock()
        if (found := self._find(table, network, counted)) is not None:
            return found
        users = self._find(table, network, _USERS) or self._new(table, network, _USERS, 0.0)
        if now - users.at > _FORGOTTEN:
            users.tokens = 0.0
        if users.tokens >= _MOST_USERS:
            return self._find(table, network, _OTHERS) or self._new(table, network, _OTHERS, tokens)
        users.tokens, users.at = users.tokens + 1, now
        users.write(table)
        return self._new(table, network, counted, tokens)

    def _find(self, table: _Table, network: str, counted: bytes) -> _Bucket | None:
        mark = self._mark(network, counted)
        for place in _places(mark):
            if table[place : place + _HASH] == mark:
                return _Bucket(place, *_ENTRY.unpack_from(table, place))
        return None

    def _new(self, table: _Table, network: str, counted: bytes, tokens: float) -> _Bucket:
        mark = self._mark(network, counted)
        oldest = min(_places(mark), key=lambda place: float(_ENTRY.unpack_from(table, place)[2]))
        return _Bucket(oldest, mark, tokens, self._clock())

    def _mark(self, network: str, counted: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(network.encode("utf-8", "surrogateescape") + b"\0" + counted)
        return keyed.digest()


def _user(name: str) -> bytes:
    return b"user " + name.encode("utf-8", "surrogateescape")


def _places(mark: bytes) -> range:
    first = _HEAD.size + int.from_bytes(mark[:2], "big") % _SETS * _WAYS * _ENTRY.size
    return range(first, first + _WAYS * _ENTRY.size, _ENTRY.size)


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
