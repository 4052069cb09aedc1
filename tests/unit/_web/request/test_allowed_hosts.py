"""Allowed hosts."""

from __future__ import annotations

import pytest

from agenthost._web.request.allowed_hosts import AllowedHosts
from agenthost._web.request.requests import Refused


def allowed(names, host):
    try:
        AllowedHosts(names).check(host)
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 - it may not be raised
        return False
    return True


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"agents.example.com", True),
        (b"AGENTS.example.com:8080", True),
        (b"agents.example.com.", True),
        (b"a.phone.example", True),
        (b"phone.example", False),
        (b"xphone.example", False),
        (b"evil.example", False),
        (b"agents.example.com.evil.example", False),
        (b"localhost:3000", True),
        (b"10.1.2.3:3000", True),
        (b"[2001:DB8::1]:3000", True),
        (b"1.2.3.4.evil.example", False),
    ],
)
def test_what_is_answered(host, expected):
    """Names as they are listed, addresses always."""
    assert expected == allowed(["agents.example.com", "*.phone.example"], host)


@pytest.mark.parametrize("names", [[], ["*"], ["agents.example.com", "*"]])
def test_any(names):
    """No name is listed, or every name is allowed."""
    assert allowed(names, b"evil.example")
