"""Forwarding: only configured proxies are believed, and only as far as they speak for themselves."""

from __future__ import annotations

import pytest

from agenthost._web.request.forwarding import Forwarded, TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8::/32"])
PEER = "10.0.0.1"


def forwarded(*headers, peer=PEER, proxies=PROXIES):
    pairs = [tuple(part.strip().encode() for part in header.lower().split(":", 1)) for header in headers]
    return proxies.forwarded({"client": (peer, 5000) if peer else None, "headers": pairs})


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Forwarded(PEER)),
        (["X-Forwarded-For: 192.0.2.1"], Forwarded("192.0.2.1")),
        (["X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.1.1"], Forwarded("192.0.2.1")),
        (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.1"], Forwarded("192.0.2.1")),
        (["X-Forwarded-For: 10.2.2.2, 10.1.1.1"], Forwarded("10.2.2.2")),
        (["X-Forwarded-For: 6.6.6.6, unknown"], Forwarded(PEER)),
        (["X-Forwarded-For: 192.0.2.1:4711"], Forwarded("192.0.2.1")),
        (["X-Forwarded-For: [2a00::1]:4711"], Forwarded("2a00::1")),
        (["X-Forwarded-For: ::ffff:192.0.2.1"], Forwarded("192.0.2.1")),
        (["X-Forwarded-For: "], Forwarded(PEER)),
        (
            ["X-Forwarded-Proto: https", "X-Forwarded-Host: agents.example.com"],
            Forwarded(PEER, "https", b"agents.example.com"),
        ),
        (["X-Forwarded-Proto: http, https"], Forwarded(PEER, "https")),
        (["X-Forwarded-Proto: gopher"], Forwarded(PEER)),
        (
            ['Forwarded: for=6.6.6.6, for="[2a00::1]:4711";proto=https;host=agents.example.com'],
            Forwarded("2a00::1", "https", b"agents.example.com"),
        ),
        (["Forwarded: for=6.6.6.6, for=_hidden"], Forwarded(PEER)),
        (["Forwarded: for=192.0.2.1", "X-Forwarded-For: 192.0.2.2"], Forwarded(PEER)),
        (["Forwarded: proto=https", "X-Forwarded-Host: evil.example"], Forwarded(PEER)),
    ],
)
def test_what_a_trusted_proxy_says(headers, expected):
    """The last address that is not a proxy's is the client's."""
    assert expected == forwarded(*headers)


@pytest.mark.parametrize("peer", ["192.0.2.9", "11.0.0.1", None])
@pytest.mark.parametrize("header", ["X-Forwarded-For: 10.0.0.1", "Forwarded: for=1.1.1.1", "X-Forwarded-Host: x"])
def test_nobody_else_is_believed(peer, header):
    """Not even about being a proxy."""
    assert Forwarded(peer or "unknown") == forwarded(header, peer=peer)
    assert Forwarded(PEER) == forwarded(header, proxies=TrustedProxies([]))


def test_programs_that_may_open_the_socket_are_trusted_by_name():
    """They have no address."""
    sent = {"client": None, "headers": [(b"x-forwarded-for", b"192.0.2.7"), (b"x-forwarded-proto", b"https")]}

    assert TrustedProxies(["unix"]).forwarded(sent) == Forwarded("192.0.2.7", "https")
    assert TrustedProxies(["10.0.0.0/8"]).forwarded(sent) == Forwarded("unknown")
    assert TrustedProxies(["unix"]).forwarded(sent | {"client": ("10.0.0.1", 1)}) == Forwarded("10.0.0.1")
    assert TrustedProxies(["unix"])


def test_proxies_with_ipv6_addresses():
    """Also one that is seen as IPv4 in IPv6."""
    assert forwarded("X-Forwarded-For: 192.0.2.1", peer="2001:db8::5").client == "192.0.2.1"
    assert forwarded("X-Forwarded-For: 192.0.2.1", peer="::ffff:10.0.0.1").client == "192.0.2.1"
