"""Reverse proxies configured as the guide shows do not let clients forge the logged address."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, Block, every, section

from agenthost._host.config.load import load_config
from agenthost._web.request.forwarding import Forwarded, TrustedProxies

GUIDE = DOCS / "how-to" / "reverse-proxy.md"
NGINX, HAPROXY, CADDY = (
    [block for block in every("nginx", "text") if marker in block.text]
    for marker in ("proxy_pass ", "option httpchk", "reverse_proxy ")
)
CLIENT = "198.51.100.7"
FORGED = {
    "host": "agents.example.com",
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-proto": "gopher",
    "x-forwarded-host": "evil.example",
    "forwarded": "for=6.6.6.6;host=evil.example",
}
OF_PROXIES = {
    "$remote_addr": CLIENT,
    "%[src]": CLIENT,
    "$scheme": "https",
    "$host": "agents.example.com",
    "%[req.hdr(Host)]": "agents.example.com",
}


def sent_by_nginx(text):
    """Headers of a forged request after nginx has passed it on."""
    changes = dict(re.findall(r"proxy_set_header (\S+) (\S+);", text))
    return FORGED | {name.lower(): OF_PROXIES.get(value, value.strip('"')) for name, value in changes.items()}


def sent_by_haproxy(text):
    """Headers of a forged request after HAProxy has passed it on."""
    removed = {name.lower() for name in re.findall(r"http-request del-header (\S+)", text)}
    changes = dict(re.findall(r"http-request set-header (\S+) (\S+)", text))
    kept = {name: value for name, value in FORGED.items() if name not in removed}
    return kept | {name.lower(): OF_PROXIES.get(value, value) for name, value in changes.items()}


def sent_by_caddy(text):
    """Return the headers of a forged request after Caddy has passed it on.

    Caddy itself overwrites ``X-Forwarded-*``.
    """
    written = {"x-forwarded-for": CLIENT, "x-forwarded-proto": "https", "x-forwarded-host": FORGED["host"]}
    removed = {name.lower() for name in re.findall(r"header_up -(\S+)", text)}
    return {name: value for name, value in (FORGED | written).items() if name not in removed}


def forwarded(proxies, headers):
    """Return the host's view of headers from a proxy on the same machine.

    Empty headers are not sent.
    """
    pairs = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    return proxies.forwarded({"client": ("127.0.0.1", 5000), "headers": pairs})


@pytest.fixture
def proxies(tmp_path, monkeypatch):
    """The trusted proxies of the guide's configuration."""
    monkeypatch.chdir(tmp_path)
    shown, _on_socket = [block for block in every("toml") if block.page.endswith(GUIDE.name)]
    (tmp_path / "agenthost.toml").write_text(shown.text, encoding="utf-8")
    return TrustedProxies(load_config(None, {}).host.trusted_proxies)


@pytest.mark.parametrize(
    ("block", "sent"),
    [
        *((block, sent_by_nginx) for block in NGINX),
        *((block, sent_by_haproxy) for block in HAPROXY),
        *((block, sent_by_caddy) for block in CADDY),
    ],
    ids=lambda value: value.name if isinstance(value, Block) else "",
)
def test_forged_headers_do_not_reach_the_host(proxies, block, sent):
    """For every proxy in the pages, the host gets the address that connected to it."""
    assert forwarded(proxies, sent(block.text)) == Forwarded(CLIENT, "https", b"agents.example.com")


def test_a_proxy_that_passes_headers_on_would_let_clients_forge(proxies):
    """The reason for the guide's table: the host believes what a trusted proxy sends."""
    headers = {"x-forwarded-for": FORGED["x-forwarded-for"]}

    assert forwarded(proxies, headers) == Forwarded("6.6.6.6")


def test_every_proxy_has_a_section():
    """The configurations that are tested are those of the guide, one for each proxy."""
    assert [len(NGINX), len(HAPROXY), len(CADDY)] == [1, 1, 1]
    assert all(block.page.endswith(GUIDE.name) for block in (*NGINX, *HAPROXY, *CADDY))


def test_every_header_that_counts_is_in_the_table():
    told = section(GUIDE, "Overwrite the forwarded headers")

    assert {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"} <= set(
        re.findall(r"^\| `([\w-]+)` \|", told, re.MULTILINE)
    )
