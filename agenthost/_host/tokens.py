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
    _macs: Sequence[blake2b] = field(init=False, repr=False, eq=False)

    @_macs.default
    def _keyed(self) -> Sequence[blake2b]:
        """A keyed MAC for each key, whose length is made to fit: BLAKE2b takes at most 64 bytes."""
        return tuple(blake2b(key=blake2b(key).digest(), digest_size=_MAC_BYTES) for key in self.keys)

    def minter(self, agent: str, call_id: str) -> Callable[[str], bytes]:
        """A function that gives the token of ``agent``'s tool for this call."""
        expiry = int(time.time()) + self.lifetime
        keyed = self._macs[0]
        prefix = b"%d." % expiry

        def mint(tool: str) -> bytes:
            return prefix + _mac(keyed, agent, tool, call_id, expiry)

        return mint

    def verify(self, token: str, agent: str, tool: str, call_id: str) -> bool:
        """Whether ``token`` was minted for this agent, tool and call, and has not expired."""
        if len(token) > _MOST_CHARACTERS or not token.isascii():
            return False
        expiry, _, mac = token.partition(".")
        if not expiry.isdecimal() or expiry.startswith("0") or int(expiry) + LEEWAY < time.time():
            return False
        given = mac.encode()
        for keyed in self._macs:  # noqa: SIM110 - a generator would cost as much as the comparison
            if hmac.compare_digest(given, _mac(keyed, agent, tool, call_id, int(expiry))):
                return True
        return False


def _mac(keyed: blake2b, agent: str, tool: str, call_id: str, expiry: int) -> bytes:
    """URL- and JSON-safe text; the encoding of the four parts is unambiguous whatever they contain."""
    mac = keyed.copy()
    mac.update(_encode((agent, tool, call_id, expiry)))
    return mac.hexdigest().encode()
