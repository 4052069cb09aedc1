"""Principals: those whose credentials were accepted, and the one question about them.

A principal is the holder of the host's pair, of an agent's own pair, of a configured key, or of a pair for one call.
"""

from __future__ import annotations

import binascii
import hmac
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.config.schema import ADMINISTER, ALL_AGENTS, SCOPES
from agenthost.secret import HashedSecret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import KeyConfig

__all__ = [
    "ADMINISTER",
    "CALL",
    "HOST",
    "KEY",
    "NOBODY",
    "NO_KEYS",
    "OBSERVE",
    "OF_HOST",
    "OPERATE",
    "TEXT",
    "Door",
    "Keys",
    "Principal",
]

CALL, TEXT, OBSERVE, OPERATE = SCOPES
KEY = "key-"
"""The beginning of ``Principal.begins`` for a key."""
HOST = ""
"""The name of those who hold the host's credentials."""


@frozen(eq=False)
class Principal:
    """A holder of credentials that were accepted."""

    name: str
    """Its name in the log."""
    scopes: frozenset[str]
    holds: frozenset[str] = frozenset()
    """Names of credentials, as ``Reach`` has them: it opens whatever these open."""
    agents: frozenset[str] = frozenset()
    """Keys and full keys of agents that it opens besides."""
    key: str = ""
    """The name of the configured key; empty for pairs, which documents may show to it."""
    begins: str = ""
    """A name for those whose calls it begins, which the state of these calls belongs to; empty for the host's."""
    shown: bool = True
    """True if its documents contain its own credentials, not some for the call alone."""


NOBODY = Principal("nobody", frozenset())
OF_HOST = Principal("host", frozenset(SCOPES), frozenset((HOST,)))
"""The principal with the host's pair."""


@frozen(eq=False)
class Keys:
    """The configured keys."""

    by_name: Mapping[str, Principal] = field(factory=dict)
    by_digest: Mapping[bytes, Principal] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, tables: Mapping[str, KeyConfig]) -> Keys:
        """Make principals of the tables."""
        named = {name: _principal(name, table) for name, table in tables.items()}
        return cls(named, {secret.digest: named[name] for name, table in tables.items() for secret in table.secret})

    def allow(self, name: str, what: str) -> bool:
        """Return True if there is a key of this name with a scope."""
        return name in self.by_name and what in self.by_name[name].scopes

    def find(self, scheme: bytes, given: bytes) -> Principal | None:
        """Return the key in ``bearer`` or ``basic`` credentials, where its name is the user."""
        if not self.by_digest:
            return None
        user, secret = b"", given
        if scheme == b"basic":
            user, _, secret = given.partition(b":")
        elif scheme != b"bearer":
            return None
        found = self.by_digest.get(HashedSecret.of(secret.decode("latin-1")).digest)
        named = found is not None and (scheme == b"bearer" or hmac.compare_digest(user, found.key.encode()))
        return found if named else None


NO_KEYS = Keys()


@frozen(eq=False)
class Door:
    """The pairs that open the host or an agent."""

    pairs: tuple[bytes, ...] = field(repr=False)
    """``user:password`` in UTF-8."""
    holder: Principal

    def principal_of(self, header: bytes, keys: Keys) -> Principal | None:
        """Return the principal of an ``Authorization`` header (RFC 7617).

        It is the holder of the pairs, or a key. The comparison takes constant time.
        """
        scheme, _, given = header.partition(b" ")
        scheme, given = scheme.lower(), given.strip(b" ")
        if scheme != b"basic":
            return keys.find(scheme, given)
        try:
            given = binascii.a2b_base64(given, strict_mode=True)
        except binascii.Error:
            return None
        same = False
        for pair in self.pairs:  # all pairs, for constant time
            same |= hmac.compare_digest(given, pair)
        return self.holder if same else keys.find(scheme, given)


def _principal(name: str, table: KeyConfig) -> Principal:
    return Principal(
        f"key {name}",
        frozenset(table.scopes),
        frozenset((HOST,)) if ALL_AGENTS in table.agents else frozenset(),
        frozenset(table.agents) - {ALL_AGENTS},
        name,
        f"{KEY}{name}",
        shown=False,
    )
