"""Plans, in whatever order the packages were found."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given, strategies as st

from agenthost import AgentBase
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.packages.selection import SelectedAgent
from agenthost._host.packages.stages import Built, Loaded, Rejected
from agenthost._host.plan.plan import make_plan
from agenthost._host.plan.routes import route_problem

NOTHING = Loaded()
ROUTES = st.sampled_from([None, "/", "/a", "/b", "/a/b", "/health", "wrong"])
AGENT = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "c"]),
        "own": ROUTES,
        "configured": ROUTES,
        "same": st.booleans(),
        "sip": st.sampled_from([(), ("a",), ("x", "a")]),
    }
)


def loaded(written):
    """Return items as from the loader, with unique keys.

    Some of them have the same agent.
    """
    shared = AgentBase("shared", "/shared")
    items = [
        Built.in_code(
            f"k{number}",
            shared if each["same"] else AgentBase(each["name"], each["own"], sip=each["sip"]),
            AgentConfig(route=each["configured"], use="acme:x" if each["same"] and number % 2 else None),
            f"acme-{number % 3}",
        )
        for number, each in enumerate(written)
    ]
    rejected = [
        Rejected(SelectedAgent.in_code(f"r{number}", AgentConfig(), "acme"), Diagnosis("no", "fix it"))
        for number in range(len(written) % 3)
    ]
    return items, rejected


def planned(items, rejected):
    return make_plan(Config(), evolve(NOTHING, built=tuple(items), rejected=tuple(rejected)))


@given(st.lists(AGENT, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_loading_decides_nothing(written, random):
    """Any permutation of what was loaded gives the same report."""
    expected = planned(*loaded(written)).report()
    items, rejected = loaded(written)
    random.shuffle(items)
    random.shuffle(rejected)

    assert expected == planned(items, rejected).report()


@given(st.lists(AGENT, max_size=6))
def test_everything_that_was_loaded_is_somewhere_in_the_report(written):
    """Each agent is served or quarantined, once, and each route has one agent.

    Each failure has a reason and a remedy.
    """
    items, rejected = loaded(written)
    plan = planned(items, rejected)
    rows = plan.report()["agents"]

    assert sorted([*(item.key for item in items), *(item.key for item in rejected)]) == sorted(r["agent"] for r in rows)
    assert len({agent.route for agent in plan.agents}) == len(plan.agents)
    assert all(route_problem(agent.route) is None for agent in plan.agents)
    assert all(row["reason"] and row["remedy"] for row in rows if row["state"] != "ready")


@given(st.lists(AGENT, max_size=6))
def test_one_more_agent_changes_nothing_elsewhere(written):
    """A newcomer at a route of its own leaves every other agent where it was."""
    alone = planned(*loaded(written))
    items, rejected = loaded(written)
    newcomer = Built.in_code("new", AgentBase("new", "/new"), AgentConfig(), "acme-new")
    together = planned([newcomer, *items], rejected)

    assert {agent.route: agent.key for agent in alone.agents} | {"/new": "new"} == {
        agent.route: agent.key for agent in together.agents
    }
