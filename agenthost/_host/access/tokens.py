"""Signed tokens: each opens one tool of one agent for one call (wire.md, section 3).

A token is ``<expiry>.<origin>.<mac>``: the Unix time in seconds, the origin of the document that it is in, and a MAC
over agent, tool, call, expiry and origin. Any host or worker with the same keys accepts it, and nothing is stored. The
origin is not checked: it is the edition of the agent that the call started with, four characters, and the generation of
processes that served it, if it has a name. The MAC is keyed BLAKE2b (RFC 7693): as strong as HMAC-SHA256, at a third of
its cost, which a document pays for each of its tools.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LIFETIME", "Tokens", "edition_of", "generation_of"]

LIFETIME = 4 * 60 * 60
"""Lifetime of a token, in seconds."""
LEEWAY = 60
"""Seconds that a token is accepted after its expiry, since clocks differ."""

_MAC_BYTES = 24
_EDITION = 4
_MOST_CHARACTERS = 128
_MOST_KNOWN = 256
_encode = msgspec.json.Encoder().encode


@frozen
class Tokens:
    """Mints and verifies tokens."""

    keys: Sequence[bytes] = field(repr=False)
    """Secret keys. The first signs, all verify, so that a key can be replaced without refusing a call."""
    lifetime: int = LIFETIME
    """Seconds for which the token of a tool is valid."""
    call_lifetime: int = LIFETIME
    """The same for what lasts as long as the call, such as the token of the summary."""
    edition: str = ""
    """The name of the agent's version in every new token, see ``name``, or empty."""
    generation: str = ""
    """The name of this generation of processes in every new token: letters, digits, ``-`` and ``_``, or empty.

    It follows a name of the agent's version.
    """
    clock: Callable[[], float] = field(default=time.time, repr=False)
    """Returns the time in seconds since 1970."""
    _macs: Sequence[blake2b] = field(repr=False, eq=False)
    _right: dict[tuple[str, str, str, str | None], int] = field(init=False, repr=False, eq=False, factory=dict)
    """The latest tokens that were right, with their expiry: a call sends the one of a tool again and again."""

    @_macs.default
    def _keyed(self) -> Sequence[blake2b]:
        """Return a keyed MAC for each key.

        Keys are hashed to fit, as BLAKE2b accepts at most 64 bytes.
        """
        return tuple(blake2b(key=blake2b(key).digest(), digest_size=_MAC_BYTES) for key in self.keys)

    def of_agent(self, secret: str | None, lifetime: int, call_lifetime: int, edition: str, generation: str) -> Tokens:
        """Return the tokens of an agent, which share these MACs unless it has a secret."""
        more = (lifetime, call_lifetime, edition, generation, self.clock)
        if secret is None:
            return Tokens(self.keys, *more, self._macs)
        return Tokens([secret.encode(), *self.keys], *more)

    def minter(self, agent: str, call_id: str) -> Callable[[str], bytes]:
        """Return a function that mints the tokens of ``agent``'s tools for this call.

        A name that begins with a slash is not a tool's, but of something that lasts as long as the call.
        """
        now = int(self.clock())
        expiry, last = now + self.lifetime, now + self.call_lifetime
        keyed, origin = self._macs[0], self.edition + self.generation
        prefix = f"{expiry}.{origin}.".encode()

        def mint(tool: str) -> bytes:
            if tool.startswith("/"):
                return f"{last}.{origin}.".encode() + _mac(keyed, agent, tool, call_id, last, origin)
            return prefix + _mac(keyed, agent, tool, call_id, expiry, origin)

        return mint

    def name(self, what: bytes) -> str:
        """Return a name of four characters for a value.

        Hosts and workers with the same keys give it the same name, which is unpredictable without them.
        """
        return urlsafe_b64encode(blake2b(what, key=blake2b(self.keys[0]).digest(), digest_size=3).digest()).decode()

    def verify(self, token: str, agent: str, tool: str, *ids: str | None) -> bool:
        """Return True for an unexpired token of this agent, tool and call.

        ``tool`` is the tool's name, or ``agenthost.swml.POST_PROMPT``. ``ids`` are the request's call and conversation,
        if it has them. The platform's chat service fetches a document under the conversation's id, and calls tools
        under ids of its own.
        """
        known = self._right.get((token, agent, tool, ids[0] if ids else None))
        if known is not None and known + LEEWAY >= self.clock():
            return True
        if len(token) > _MOST_CHARACTERS or not token.isascii():
            return False
        written, _, rest = token.partition(".")
        origin, _, mac = rest.partition(".")
        if not written.isdecimal() or written.startswith("0"):
            return False
        expiry = int(written)
        if expiry + LEEWAY < self.clock():
            return False
        given = mac.encode()
        for each in ids:
            for keyed in self._macs if each is not None else ():
                if hmac.compare_digest(given, _mac(keyed, agent, tool, each or "", expiry, origin)):
                    if each == ids[0]:
                        self._note(token, agent, tool, each, expiry)
                    return True
        return False

    def _note(self, token: str, agent: str, tool: str, call: str | None, expiry: int) -> None:
        """Remember a token that is right."""
        if len(self._right) >= _MOST_KNOWN:
            self._right.clear()
        self._right[token, agent, tool, call] = expiry


def edition_of(token: str) -> str:
    """Return the agent's edition in a token, unverified, or an empty text."""
    return _origin(token)[:_EDITION]


def generation_of(token: str) -> str:
    """Return the generation in a token, unverified, or an empty text."""
    return _origin(token)[_EDITION:]


def _origin(token: str) -> str:
    parts = token.split(".", 3)
    return parts[1] if len(parts) == 3 else ""  # noqa: PLR2004 - expiry, origin, mac


def _mac(keyed: blake2b, agent: str, tool: str, call_id: str, expiry: int, origin: str) -> bytes:
    """Return a MAC as URL- and JSON-safe text.

    The encoding of the parts is unambiguous for any content.
    """
    mac = keyed.copy()
    mac.update(_encode((agent, tool, call_id, expiry, origin)))
    return mac.hexdigest().encode()
