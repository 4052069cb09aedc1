"""Owners: newcomers take nothing, whatever the order in which packages come and go."""

from __future__ import annotations

from hypothesis import given, strategies as st

from agenthost._host.generations.owners import Owners

NAMES = st.sampled_from(["sales", "support", "main"])
DISTRIBUTIONS = st.sampled_from(["acme", "beta", "gamma"])


def test_what_is_served_is_remembered():
    owners = Owners().with_keys({"sales": "acme"}).with_served({"/sales": "acme:sales"}, {"help": "acme:sales"})

    assert owners.keys == {"sales": "acme"}
    assert owners.routes == {"/sales": "acme:sales"}
    assert owners.aliases == {"help": "acme:sales"}


def test_a_route_that_its_holder_has_left_is_free():
    """One whose holder is not served now is kept for it."""
    before = Owners({"a": "acme", "b": "beta"}, {"/old": "acme:a", "/b": "beta:b"}, {"x": "acme:a", "y": "beta:b"})
    after = before.with_served({"/new": "acme:a"}, {})

    assert after.routes == {"/new": "acme:a", "/b": "beta:b"}
    assert after.aliases == {"y": "beta:b"}
    assert after.keys == before.keys
    assert [after.route_of(key) for key in ("acme:a", "beta:b", "acme:new")] == ["/new", "/b", None]


def test_a_forgotten_owner_leaves_everything():
    owners = Owners({"a": "acme", "b": "acme"}, {"/a": "acme:a", "/b": "acme:b"}, {"x": "acme:a"})

    assert owners.without("nobody") is owners
    forgotten = owners.without("a")
    assert (forgotten.keys, forgotten.routes, forgotten.aliases) == ({"b": "acme"}, {"/b": "acme:b"}, {})


@given(st.lists(st.tuples(NAMES, DISTRIBUTIONS), max_size=6))
def test_forgetting_is_the_only_way_to_lose_a_key(served):
    owners = Owners()
    for name, distribution in served:
        owners = owners.with_keys({name: owners.keys.get(name, distribution)})

    assert owners.keys == dict(reversed(served))
