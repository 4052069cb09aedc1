"""Approval: a package is loaded where it is as the lock file says."""

from __future__ import annotations

import pytest

from agenthost._discovery import AGENTS, SKILLS, Candidate
from agenthost._host.generations.contents import Contents
from agenthost._host.generations.locked import Lock, LockedDistribution
from agenthost._host.generations.manifest import by_distribution, modules_of
from agenthost._host.packages.approval import unapproved

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


@pytest.mark.parametrize(
    ("closed", "locked", "reasons"),
    [
        (False, {}, {}),
        (True, {"lib": "2.0", "deep": "1.0"}, {}),
        (True, {"lib": "2.0", "deep": "1.0", "gone": "5.0"}, {}),
        (True, {"lib": "1.0", "deep": "1.0"}, {"acme": "acme 1.0 requires lib 2.0, and agenthost.lock has 1.0"}),
        (True, {"lib": "2.0"}, {"acme": "acme 1.0 requires deep 1.0, and agenthost.lock has none"}),
    ],
)
def test_another_version_of_a_dependency(monkeypatch, closed, locked, reasons):
    """Only the packages that require it are set aside, where that is configured."""
    required = {"acme": {"lib": "2.0", "deep": "1.0"}, "beta": {"other": "1.0"}}
    monkeypatch.setattr(
        "agenthost._host.packages.approval.dependencies",
        lambda names: {name: each for own in names for name, each in required[own].items()},
    )
    beta = Candidate(AGENTS, "beta", "beta:Beta", "beta", "1.0", "/site/beta-1.0.dist-info")
    package = LockedDistribution(version="1.0", hashes=("sha256:1",))
    lock = Lock("p", {"acme": package, "beta": package}, {**locked, "other": "1.0"}, closed)
    readings = type("All", (Read,), {"of": lambda *_: Contents("sha256:1")})()

    assert {name: each.reason for name, each in unapproved([OFFER, beta], lock, readings).items()} == reasons
