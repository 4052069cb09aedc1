"""Principals: the holders of pairs and keys, found by the header that they present."""

from __future__ import annotations

from base64 import b64encode

import pytest

from agenthost._host.access.principals import NO_KEYS, OF_HOST, Door, Keys
from agenthost._host.config.schema import KeyConfig
from agenthost.secret import HashedSecret

PAIR = "ann:päss:word".encode()
DOOR = Door((PAIR,), OF_HOST)
NEW, OLD, OTHER = "the-new-secret-of-ci", "the-old-secret-of-ci", "the-secret-of-monitoring"
KEYS = Keys.of(
    {
        "ci": KeyConfig(
            secret=(HashedSecret.of(NEW), HashedSecret.of(OLD)),
            agents=("sales", "acme:dental"),
            scopes=("call", "text"),
        ),
        "monitoring": KeyConfig(secret=(HashedSecret.of(OTHER),), agents=("*",), scopes=("observe",)),
    }
)


class TestDoor:
    @pytest.mark.parametrize("scheme", [b"Basic", b"basic", b"BASIC"])
    def test_the_pair(self, scheme):
        assert DOOR.principal_of(scheme + b" " + b64encode(PAIR), NO_KEYS) is OF_HOST

    def test_more_spaces(self):
        assert DOOR.principal_of(b"Basic   " + b64encode(PAIR) + b" ", NO_KEYS) is OF_HOST

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"Basic",
            b"Basic ",
            b"Basic" + b64encode(PAIR),
            b64encode(PAIR),
            b"Bearer " + b64encode(PAIR),
            b"Basic\t" + b64encode(PAIR),
            b"Basic " + PAIR,
            b"Basic " + b64encode(PAIR[:-1]),
            b"Basic " + b64encode(PAIR + b"x"),
            b"Basic " + b64encode("ann:päss:word".encode("latin-1")),
            b"Basic " + b64encode(b"ann"),
            b"Basic " + b64encode(b""),
            b"Basic " + b64encode(PAIR).rstrip(b"="),
            b"Basic " + b64encode(PAIR) + b"=",
            b"Basic " + b64encode(PAIR)[:4] + b"\n" + b64encode(PAIR)[4:],
            b"Basic " + b64encode(PAIR) + b" " + b64encode(PAIR),
            b"Basic " + b"=" + b64encode(PAIR),
            b"Basic !" + b64encode(PAIR),
            b"Basic \xff\xfe",
        ],
    )
    def test_everything_else(self, header):
        assert DOOR.principal_of(header, NO_KEYS) is None


class TestKeys:
    @pytest.mark.parametrize("secret", [NEW, OLD])
    @pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {} ", "Basic {}"])
    def test_each_secret_in_each_form(self, secret, form):
        """Both secrets of a key are accepted, as ``Bearer`` and as ``Basic``."""
        given = b64encode(f"ci:{secret}".encode()).decode() if form.startswith("Basic") else secret
        found = DOOR.principal_of(form.format(given).encode(), KEYS)

        assert (found.name, found.key, found.shown) == ("key ci", "ci", False)
        assert (found.scopes, found.agents, found.holds) == ({"call", "text"}, {"sales", "acme:dental"}, set())

    def test_a_key_for_all_agents_opens_what_the_host_opens(self):
        found = DOOR.principal_of(f"Bearer {OTHER}".encode(), KEYS)

        assert (found.scopes, found.agents, found.holds) == ({"observe"}, set(), OF_HOST.holds)

    @pytest.mark.parametrize(
        "header",
        [
            f"Bearer {NEW}x",
            f"Bearer {NEW[:-1]}",
            f"Bearer ci:{NEW}",
            f"Digest {NEW}",
            NEW,
            "Bearer",
            "Bearer ",
            "Basic " + b64encode(f"monitoring:{NEW}".encode()).decode(),
            "Basic " + b64encode(f"ann:{NEW}".encode()).decode(),
            "Basic " + b64encode(f":{NEW}".encode()).decode(),
            "Basic " + b64encode(NEW.encode()).decode(),
            "Bearer p\xe4ss",
        ],
    )
    def test_everything_else(self, header):
        assert DOOR.principal_of(header.encode("latin-1"), KEYS) is None

    def test_no_text_of_a_secret_is_kept(self):
        assert NEW not in repr(KEYS)
        assert NEW.encode() not in b"".join(KEYS.by_digest)
