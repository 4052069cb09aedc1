"""The ``Host`` header: names and addresses, and everything else."""

import pytest

from agenthost._web.request.host_header import host_allowed


@pytest.mark.parametrize(
    "host",
    [
        b"localhost",
        b"a",
        b"127.0.0.1",
        b"127.0.0.1:3000",
        b"agents.example.com",
        b"AGENTS.example:443",
        b"xn--bcher-kva.example",
        b"agent_host:3000",
        b"[::1]",
        b"[::1]:3000",
        b"[2001:db8::7]:65535",
        b"[::ffff:127.0.0.1]",
        b"a" * 253,
    ],
)
def test_hosts(host):
    """A name or an address, and a port."""
    assert host_allowed(host)


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b".",
        b"-a",
        b":3000",
        b"a:",
        b"a:b",
        b"a:123456",
        b"a:1:2",
        b"::1",
        b"[::1",
        b"[]",
        b"[g::1]",
        b"[::1]x",
        b"a b",
        b"a\n",
        b"a\r\nx: y",
        b"a/b",
        b"a?b",
        b"a#b",
        b"user@a",
        b"a,b",
        b'a"b',
        b"a%41",
        "ä".encode(),
        b"a\x00",
        b"a" * 254,
    ],
)
def test_what_is_no_host(host):
    """It would be part of a document's URLs."""
    assert not host_allowed(host)
