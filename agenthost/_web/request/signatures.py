"""Webhook signatures: proof that a request comes from SignalWire (wire.md, section 3)."""

from __future__ import annotations

import hmac
import logging
from hashlib import sha256
from typing import TYPE_CHECKING

from agenthost._web.request.requests import Refused
from agenthost.errors import StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenthost.state import Store

__all__ = ["REPLAY_WINDOW", "check_signature", "refuse_replay", "signature_of", "unsigned"]

REPLAY_WINDOW = 300.0
"""Seconds in which a repeated signed request is refused."""

_SHA256 = b"x-signalwire-sha256-signature"
_SHA1 = b"x-signalwire-signature"
_SHORTEST = len(_SHA1)

_log = logging.getLogger("agenthost.web")


def signature_of(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, bytes] | None:
    """Return the digest and the signature that a request has, or None.

    The SHA-256 signature counts if there is one, else the SHA-1 one.
    """
    found = None
    for name, value in headers:
        if len(name) < _SHORTEST:  # as most are
            continue
        if name == _SHA256:
            found = "sha256", value
        elif name == _SHA1 and (found is None or found[0] == "sha1"):
            found = "sha1", value
    return found


def check_signature(given: tuple[str, bytes], keys: Sequence[bytes], url: str, body: bytes) -> None:
    """Check that one of ``keys`` has signed the URL and the body of a request.

    Raises:
        Refused: 403 for a wrong signature.
    """
    digest, signature = given
    signed = url.encode() + body
    expected = [hmac.digest(key, signed, digest).hex().encode() for key in keys]
    signature = signature.strip().lower()
    if not any([hmac.compare_digest(signature, one) for one in expected]):  # noqa: C419 - all, in constant time
        raise unsigned()


def unsigned() -> Refused:
    """Return the refusal of a request without a valid signature."""
    return Refused(403, "Invalid or missing signature")


async def refuse_replay(store: Store, url: str, body: bytes) -> None:
    """Refuse a signed request that any worker or host of this store has answered before.

    While the store does not answer, requests pass, as their signatures are valid.

    ``store`` has the requests of the last ``REPLAY_WINDOW`` seconds.

    Raises:
        Refused: 403 if it has been answered before.
    """
    try:
        first = await store.set_if_absent(sha256(url.encode() + b"\0" + body).hexdigest(), 1, ttl=REPLAY_WINDOW)
    except StateUnavailable as unavailable:
        _log.warning("a signed request is not checked for replay: %s", unavailable)
        return
    if not first:
        raise Refused(403, "This request has been answered before")
