"""Lookup of agents by key, name or route."""

from __future__ import annotations

import pytest
from attrs import frozen
from hypothesis import given, strategies as st

from agenthost._host.plan.agent_names import by_name


@frozen
class One:
    """An agent by all that names it."""

    key: str
    name: str
    route: str = "/"
    full_key: str = "a:b"


SALES, SUPPORT = One("sales", "Sales", "/s", "acme:sales"), One("support", "help", "/h", "acme:support")


@pytest.mark.parametrize(
    ("agents", "name", "found"),
    [
        ([], "sales", None),
        *(([SALES, SUPPORT], name, SALES) for name in ("sales", "Sales", "/s", "acme:sales")),
        ([SALES, SUPPORT], "/", None),
        ([SALES, One("sales-eu", "Sales")], "Sales", None),
        ([One("sales", "support"), SUPPORT], "support", SUPPORT),
        ([One("b:desk", "desk"), One("c", "desk")], "b:desk", One("b:desk", "desk")),
        ([SALES, One("x", "/s", "/x")], "/s", One("x", "/s", "/x")),
    ],
)
def test_an_agent_is_found_by_all_that_names_it(agents, name, found):
    """A key wins over a name, and a name over a route.

    The name must be unique.
    """
    assert by_name(agents).get(name) == found


@given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "c", "d", "/a", "/b"])] * 4), unique_by=lambda each: each[0]))
def test_keys_always_mean_their_agents(names):
    """Names and routes of others do not matter."""
    agents = [One(*each) for each in names]
    found = by_name(agents)

    assert all(found[agent.key] is agent for agent in agents)
    assert all(name in (one.key, one.name, one.route, one.full_key) for name, one in found.items())
