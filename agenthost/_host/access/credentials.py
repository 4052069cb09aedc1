"""Credentials: user and password for HTTP Basic."""

from __future__ import annotations

import binascii
import hmac
from urllib.parse import quote

from attrs import field, frozen

__all__ = ["Credentials", "user_of"]


@frozen
class Credentials:
    """The user and password of callers, for HTTP Basic."""

    user: str
    """Without ``:``."""
    password: str = field(repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)
    """Further passwords that are accepted, while one takes the place of another."""

    @property
    def pair(self) -> bytes:
        """``user:password`` in UTF-8, as in a header before base64."""
        return f"{self.user}:{self.password}".encode()

    @property
    def pairs(self) -> tuple[bytes, ...]:
        """All accepted pairs."""
        return (self.pair, *(f"{self.user}:{other}".encode() for other in self.others))

    def opened_by(self, user: str, password: str) -> bool:
        """Return True for an accepted pair, compared in constant time."""
        given = f"{user}:{password}".encode()
        return any([hmac.compare_digest(given, pair) for pair in self.pairs])  # noqa: C419 - all are compared

    @property
    def userinfo(self) -> str:
        """The pair in the form of a URL."""
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"


def user_of(header: bytes, bearer: str) -> str:
    """Return the user that an ``Authorization`` header names, empty where it names none."""
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() == b"bearer":
        return bearer
    try:
        given = binascii.a2b_base64(encoded.strip(b" "), strict_mode=True)
    except binascii.Error:
        return ""
    return given.partition(b":")[0].decode("utf-8", "replace")
