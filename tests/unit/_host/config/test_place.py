"""Places: file, line and key."""

from __future__ import annotations

import pickle

import pytest

from agenthost._host.config.place import Lines, Place

TEXT = """\
host.port = 1

[agents.dental]
rooms = [
  1,
]
inner = { deep = 1 }

[agents.sales]
password = "hunter2"
"""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("host",), "a.toml:1: host"),
        (("host", "port"), "a.toml:1: host.port"),
        (("host", "gone"), "a.toml:1: host.gone"),
        (("agents",), "a.toml:3: agents"),
        (("agents", "dental", "rooms", 0), "a.toml:4: agents.dental.rooms[0]"),
        (("agents", "dental", "inner", "deep"), "a.toml:7: agents.dental.inner.deep"),
        (("agents", "a b", "route"), 'a.toml:3: agents."a b".route'),
        (("health", "port"), "a.toml: health.port"),
        ((), "a.toml"),
    ],
)
def test_a_place_names_the_nearest_line(path, said):
    assert str(Place("a.toml", lines=Lines(TEXT)).at(*path)) == said


def test_a_place_of_its_own_takes_nothing_else_along():
    """The places in an agent's settings contain nothing about other agents."""
    alone = pickle.dumps(Place("a.toml", lines=Lines(TEXT)).at("agents", "dental").alone())

    assert str(pickle.loads(alone).at("inner")) == "a.toml:7: agents.dental.inner"  # noqa: S301
    assert b"hunter2" not in alone
    assert b"sales" not in alone
