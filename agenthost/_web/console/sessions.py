"""Sessions of people who have logged in with a form.

A session is a signed cookie that names nothing: its signature covers the credentials it was started with, so it ends
with them, and all workers accept it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost.secret import HashedSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agenthost._host.access.principals import Principal
    from agenthost._web.request.rules import Rules

__all__ = ["COOKIE", "LIFETIME", "Sessions", "cookie_of"]

COOKIE = "agenthost-console"
LIFETIME = 12 * 3600
"""Seconds that a session lasts."""
_VALUE = re.compile(r"[0-9]{1,12}\.[0-9a-f]{64}")


@frozen
class Sessions:
    """Sessions of the host with some rules.

    ``clock`` gives seconds since 1970.
    """

    clock: Callable[[], float] = time.time
    _own_key: bytes = field(factory=lambda: secrets.token_bytes(32), repr=False)
    """For a host without keys for tokens."""

    def start(self, rules: Rules, user: str, password: str) -> str:
        """Return the cookie of a session with credentials that were accepted."""
        pair = f"{user}:{password}".encode()
        credential = _PAIR + pair if pair in rules.door.pairs else _KEY + HashedSecret.of(password).digest
        until = str(int(self.clock()) + LIFETIME)
        return f"{until}.{_signature(next(iter(self._keys(rules))), until, credential)}"

    def principal_of(self, rules: Rules, cookie: str | None) -> Principal | None:
        """Return the principal of a session, or None if there is none that is valid."""
        if cookie is None or not _VALUE.fullmatch(cookie):
            return None
        until, _, given = cookie.partition(".")
        if int(until) < self.clock():
            return None
        for credential, principal in _credentials(rules):
            for key in self._keys(rules):
                if hmac.compare_digest(_signature(key, until, credential), given):
                    return principal
        return None

    def form_token(self, rules: Rules, credential: bytes) -> str:
        """Return the token of forms for a credential, which other sites cannot read."""
        return _form_token(next(iter(self._keys(rules))), credential)

    def accepts_form(self, rules: Rules, credential: bytes, token: str) -> bool:
        """Return True for the token of a form that was made for this credential."""
        given = token.encode()
        return any(hmac.compare_digest(_form_token(key, credential).encode(), given) for key in self._keys(rules))

    def _keys(self, rules: Rules) -> Iterable[bytes]:
        return [key.reveal().encode() for key in rules.settings.config.host.token_keys] or [self._own_key]


_PAIR, _KEY = b"pair\0", b"key\0"


def cookie_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the value of the session's cookie."""
    for name, value in headers:
        if name == b"cookie":
            for each in value.decode("latin-1").split(";"):
                key, _, text = each.strip().partition("=")
                if key == COOKIE:
                    return text
    return None


def _credentials(rules: Rules) -> Iterator[tuple[bytes, Principal]]:
    yield from ((_PAIR + pair, rules.door.holder) for pair in rules.door.pairs)
    yield from ((_KEY + digest, key) for digest, key in rules.keys.by_digest.items())


def _signature(key: bytes, until: str, credential: bytes) -> str:
    return hmac.new(key, b"agenthost console\0" + until.encode() + b"\0" + credential, hashlib.sha256).hexdigest()


def _form_token(key: bytes, credential: bytes) -> str:
    return hmac.new(key, b"agenthost console form\0" + credential, hashlib.sha256).hexdigest()
