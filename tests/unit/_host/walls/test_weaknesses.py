"""Walls that a system does not have."""

import pytest

from agenthost._host.walls import weaknesses as room
from agenthost._host.walls.weaknesses import weaknesses


@pytest.mark.parametrize(
    ("platform", "known", "user", "says"),
    [
        ("linux", 6, 1000, []),
        ("linux", 5, 1000, ["the kernel has version 5 of Landlock, not 6: a, b can send signals to the host"]),
        ("linux", 0, 1000, ["the kernel does not have Landlock: a, b can use all files of this user, signal"]),
        ("linux", 7, 0, ["the host runs as root, and so does a, b"]),
        ("darwin", 0, 1000, ["only Linux has walls around isolated agents: a, b can reach"]),
    ],
)
def test_what_is_missing_is_named(monkeypatch, platform, known, user, says):
    monkeypatch.setattr(room.sys, "platform", platform)
    monkeypatch.setattr(room, "version", lambda: known)
    monkeypatch.setattr(room.os, "geteuid", lambda: user)
    found = list(weaknesses(["a", "b"]))

    assert len(found) == len(says)
    assert all(each.startswith(start) for (each, _), start in zip(found, says, strict=True))
    assert all(remedy.endswith(".") for _, remedy in found)


def test_a_host_without_isolated_agents_lacks_nothing():
    assert list(weaknesses([])) == []
