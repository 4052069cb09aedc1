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

__all__ = ["REPLAY_WINDOW", "is_signed", "refuse_replay", "unsigned"]

REPLAY_WINDOW = 300.0
"""Seconds in which a repeated signed request is refused."""

_SHA256 = b"x-signalwire-sha256-signature"
_SHA1 = b"x-signalwire-signature"

_log = logging.getLogger("agenthost.web")


def is_signed(keys: Sequence[bytes], url: str, body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return True if one of ``keys`` has signed a request.

    What is signed is its URL with its body. The SHA-256 signature counts if there is one, else the SHA-1 one.

    Raises:
        Refused: 403 for a wrong signature.
    """
    given = {name: value for name, value in headers if name in (_SHA256, _SHA1)}
    if not given:
        return False
    name, digest = (_SHA256, "sha256") if _SHA256 in given else (_SHA1, "sha1")
    signed = url.encode() + body
    expected = [hmac.digest(key, signed, digest).hex().encode() for key in keys]
    signature = given.get(name, b"").strip().lower()
    if not any([hmac.compare_digest(signature, one) for one in expected]):  # noqa: C419 - all, in constant time
        raise unsigned()
    return True


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
