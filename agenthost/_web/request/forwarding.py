"""Forwarding headers of trusted proxies (RFC 7239, and the older ``X-Forwarded-*``).

They apply to their own request only, and only if it comes from an address in ``trusted_proxies``.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.config.value_types import UNIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from litestar.types import HTTPScope

__all__ = ["UNKNOWN", "Forwarded", "TrustedProxies"]

UNKNOWN = "unknown"
"""The client without an address, such as on a Unix socket."""
_SCHEMES = ("http", "https")
_PEERS = 256
"""The latest peers whose addresses are known."""


@frozen
class Forwarded:
    """The forwarding data of one request."""

    client: str
    scheme: str | None = None
    """``http`` or ``https``; None when they say nothing."""
    host: bytes | None = None
    """The ``Host`` that the client sent; None when they say nothing."""


class TrustedProxies:
    """The proxies whose forwarding headers are trusted.

    ``networks`` are addresses, networks such as ``10.0.0.0/8``, and ``unix`` for whoever may open the host's socket.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        written = [*networks]
        self._networks: Sequence[IPv4Network | IPv6Network] = [ip_network(each) for each in written if each != UNIX]
        self._unix = UNIX in written
        self._has_peer = lru_cache(_PEERS)(self._has)

    def __bool__(self) -> bool:
        return bool(self._networks) or self._unix

    def came_by(self, scope: HTTPScope) -> bytes:
        """Return the peer of a request with its raw forwarding headers, as a client's key."""
        client = scope.get("client")
        came_by = client[0].encode() if client else b""
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for" or name == b"forwarded":  # noqa: PLR1714 - half as long as in a set
                came_by += b"\0" + value
        return came_by

    def forwarded(self, scope: HTTPScope) -> Forwarded:
        """Return the client, scheme and host of a request.

        Of the forwarded addresses, the last one that is not a proxy's counts, as a client can forge the ones before it.
        A request with both ``Forwarded`` and ``X-Forwarded-*`` is ignored, since a proxy that writes one of them lets
        clients write the other.
        """
        client = scope.get("client")
        peer = client[0] if client else UNKNOWN
        if not (self._has_peer(peer) if client else self._unix):
            return Forwarded(peer)
        headers = [
            (name, value) for name, value in scope["headers"] if name.startswith((b"x-forwarded-", b"forwarded"))
        ]
        standard = _elements(headers, b"forwarded")
        chain = _elements(headers, b"x-forwarded-for")
        schemes, hosts = _elements(headers, b"x-forwarded-proto"), _elements(headers, b"x-forwarded-host")
        if standard and (chain or schemes or hosts):
            return Forwarded(peer)
        if standard:
            pairs = [_pairs(element) for element in standard]
            chain = [each.get("for", UNKNOWN) for each in pairs]
            schemes = [pairs[-1]["proto"]] if "proto" in pairs[-1] else []
            hosts = [pairs[-1]["host"]] if "host" in pairs[-1] else []
        scheme = schemes[-1].lower() if schemes else None
        return Forwarded(
            self._client(peer, chain),
            scheme if scheme in _SCHEMES else None,
            hosts[-1].encode("latin-1") if hosts else None,
        )

    def _client(self, peer: str, chain: Sequence[str]) -> str:
        found = peer
        for written in reversed(chain):
            address = _address(written)
            if address is None:
                return found
            found = str(address)
            if not self._has(found):
                return found
        return found

    def _has(self, address: str) -> bool:
        parsed = _address(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1`` or ``[2001:db8::1]:80``."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _elements(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    """Return the elements of a list header, from all its lines."""
    lines = [value.decode("latin-1") for name, value in headers if name == wanted]
    return [element.strip() for line in lines for element in line.split(",")]


def _pairs(element: str) -> dict[str, str]:
    """Return the parameters of one element of ``Forwarded``."""
    pairs = (pair.partition("=") for pair in element.split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
