"""Approval: a package is loaded where it is as the lock file says."""

from __future__ import annotations

import pytest

from agenthost._discovery import AGENTS, SKILLS, Candidate
from agenthost._host.generations.contents import Contents
from agenthost._host.generations.locked import Lock, LockedDistribution
from agenthost._host.packages.approval import by_distribution, modules_of, unapproved

OFFER = Candidate(AGENTS, "sales", "acme.agents:Sales", "acme", "1.0", "/site/acme-1.0.dist-info")


class Read:
    """Readings that find one digest."""

    def of(self, location, modules):
        assert (location, modules) == ("/site/acme-1.0.dist-info", ["acme"])
        return Contents("sha256:1")

    def keep(self):
        pass


@pytest.mark.parametrize(
    ("lock", "reason"),
    [
        (None, None),
        ({"acme": LockedDistribution(version="1.0", hashes=("sha256:2", "sha256:1"))}, None),
        ({}, "acme 1.0 is not in agenthost.lock"),
        (
            {"acme": LockedDistribution(version="0.9", hashes=("sha256:1",))},
            "acme 1.0 is not in agenthost.lock, which has 0.9",
        ),
        (
            {"acme": LockedDistribution(version="1.0", hashes=())},
            "acme 1.0 has other contents than agenthost.lock says",
        ),
    ],
)
def test_reasons(lock, reason):
    found = unapproved([OFFER], Lock("p", lock) if lock is not None else None, Read())

    assert {name: each.reason for name, each in found.items()} == ({"acme": reason} if reason else {})


def test_agenthost_itself_needs_no_approval():
    own = Candidate(SKILLS, "math", "agenthost.builtin.skills.math:MathSkill", "agenthost", "0.1.0", "")

    assert by_distribution([own, OFFER]) == {"acme": [OFFER]}


def test_the_modules_of_entry_points():
    others = (Candidate(AGENTS, "b", value, "acme", "1.0", "") for value in ("acme : B", "other", "acme.x.y:C"))

    assert modules_of([OFFER, *others]) == ["acme", "other"]
