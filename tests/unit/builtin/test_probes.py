"""The probes that every host has."""

from __future__ import annotations

import asyncio

import pytest

from agenthost import HostVitals, Secret, StateUnavailable
from agenthost.builtin import probes


async def answers():
    """The store answers."""


async def is_gone():
    raise StateUnavailable("the redis:// store does not answer.")


def vitals(directory="/", *, ping=answers, lag=0.0, url="sqlite:///state.db"):
    return HostVitals(ping, lambda: lag, str(directory), Secret(url))


def test_none_of_them_is_critical():
    """The configuration decides if a host is ready without its store."""
    assert {each.name: each.critical for each in probes.health_probes()} == {
        "state": False,
        "event loop": False,
        "disk": False,
    }


def test_the_store():
    asyncio.run(probes.state_answers(vitals()))
    with pytest.raises(StateUnavailable):
        asyncio.run(probes.state_answers(vitals(ping=is_gone)))


@pytest.mark.parametrize(("lag", "ok"), [(0.0, True), (1.0, True), (1.5, False)])
def test_the_event_loop(lag, ok):
    assert asyncio.run(probes.loop_keeps_up(vitals(lag=lag))).ok is ok


@pytest.mark.parametrize("url", ["sqlite:///state.db", "sqlite:///not/there/yet.db", "memory://", "sqlite://wrong"])
def test_the_disk(url, tmp_path, monkeypatch):
    """The probe checks the directory of the state file, which need not exist.

    Without a state file, it passes.
    """
    made = vitals(tmp_path, url=url)
    assert probes.disk_has_room(made).ok

    monkeypatch.setattr(probes, "LEAST_ROOM", 2**80)
    full = probes.disk_has_room(made)
    assert full.ok is (not url.startswith("sqlite:///"))
    assert full.ok or "MiB are free" in full.reason
