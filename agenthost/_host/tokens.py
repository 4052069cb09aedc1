"""Signed tokens: each opens one tool of one agent for one call (wire.md, section 3).

A token is ``<expiry>.<mac>``: the Unix time in seconds, then a MAC over agent, tool, call and expiry. Any host or
worker with the same keys accepts it; nothing is stored. The MAC is keyed BLAKE2b (RFC 7693): as strong as HMAC-SHA256,
and a third of its cost, which a document pays for each of its tools.
"""

from __future__ import annotations

import hmac
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LIFETIME", "Tokens"]

LIFETIME = 4 * 60 * 60
"""Seconds that a token is good for."""
LEEWAY = 60
"""Seconds after its expiry in which a token is still taken, since clocks differ."""

_MAC_BYTES = 24
_MOST_CHARACTERS = 128
_encode = msgspec.json.Encoder().encode


@frozen
class Tokens:
    """Mints and verifies tokens.

    Args:
        keys: secret keys; the first signs, all verify, so that a key can be replaced without refusing a call.
        lifetime: seconds.
    """

    keys: Sequence[bytes] = field(repr=False)
    lifetime: int = LIFETIME
    _mac_keys: Sequence[bytes] = field(init=False, repr=False)

    @_mac_keys.default
    def _fit(self) -> Sequence[bytes]:
        """The keys in the length that BLAKE2b takes, however long they were configured."""
        return tuple(blake2b(key).digest() for key in self.keys)

    def minter(self, agent: str, call_id: str) -> Callable[[str], bytes]:
        """A function that gives the token of ``agent``'s tool for this call."""
        expiry = int(time.time()) + self.lifetime
        key = self._mac_keys[0]
        prefix = b"%d." % expiry

        def mint(tool: str) -> bytes:
            return prefix + _mac(key, agent, tool, call_id, expiry)

        return mint

    def verify(self, token: str, agent: str, tool: str, call_id: str) -> bool:
        """Whether ``token`` was minted for this agent, tool and call, and has not expired."""
        if len(token) > _MOST_CHARACTERS or not token.isascii():
            return False
        expiry, _, mac = token.partition(".")
        if not expiry.isdecimal() or expiry.startswith("0") or int(expiry) + LEEWAY < time.time():
            return False
        given = mac.encode()
        return any(hmac.compare_digest(given, _mac(key, agent, tool, call_id, int(expiry))) for key in self._mac_keys)


def _mac(key: bytes, agent: str, tool: str, call_id: str, expiry: int) -> bytes:
    """URL- and JSON-safe text; the encoding of the four parts is unambiguous whatever they contain."""
    parts = _encode((agent, tool, call_id, expiry))
    return blake2b(parts, key=key, digest_size=_MAC_BYTES).hexdigest().encode()
