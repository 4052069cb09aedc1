"""Agents that are known from the lock file, and built after the start."""

from __future__ import annotations

import pytest
from attrs import evolve

from agenthost import AgentBase
from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.schema import AgentConfig, Config, WorkflowConfig
from agenthost._host.generations.locked import Lock, LockedAgent, LockedDistribution
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.packages.selection import SelectedAgent
from agenthost._host.packages.stages import Built, Loaded, Rejected
from agenthost._host.plan.load import pending_agents
from agenthost._host.plan.plan import make_plan


def selected(name, distribution="acme", **section):
    candidate = Candidate(AGENTS, name, f"acme:{name}", distribution, "1.0", "")
    return SelectedAgent(section.pop("key", name), candidate, AgentConfig(**section))


SALES = LockedAgent(key="sales", name="desk", route="/sales", tools=("price",), sip=("shop",))
HELP = LockedAgent(key="help", route="/help")
LOCK = Lock("p", {"acme": LockedDistribution(version="1.0", hashes=(), agents={"sales": SALES, "help": HELP})})


@pytest.mark.parametrize(
    ("items", "config", "pending"),
    [
        ([selected("sales"), selected("help")], Config(), ["sales", "help"]),
        ([selected("sales"), selected("new")], Config(), ["sales"]),
        ([selected("sales", key="acme:sales")], Config(), []),
        ([selected("shop", use="acme:sales", key="shop")], Config(), []),
        ([selected("sales", "other")], Config(), []),
        ([selected("sales"), selected("help", route="/sales")], Config(), []),
        (
            [selected("sales"), selected("help")],
            Config(workflows={"team": WorkflowConfig(kind="router", agents=("desk",))}),
            ["help"],
        ),
    ],
)
def test_what_can_wait(items, config, pending):
    assert list(pending_agents(config, items, LOCK)) == pending
    assert pending_agents(config, items, None) == {}


@pytest.fixture
def plan():
    """A plan with two pending agents, and one that is built."""
    pending = ((selected("sales"), SALES), (selected("help"), HELP))
    ready = Built.in_code("ready", AgentBase("ready", "/ready-one"), AgentConfig())
    late_claim = Built.in_code("thief", AgentBase("thief", "/sales"), AgentConfig())
    return make_plan(Config(), Loaded(built=(ready, late_claim), pending=pending))


def test_a_plan_knows_them(plan):
    """Routes, tools and aliases are theirs, before they are built."""
    assert [agent.key for agent in plan.pending] == ["help", "sales"]
    assert plan.find("desk") is plan.find("acme:sales") is plan.find("sales")
    assert (plan.route_of("desk"), plan.aliases.find("shop")) == ("/sales", "sales")
    assert {row["agent"]: (row["state"], row["tools"]) for row in plan.report()["agents"]} == {
        "help": ("not built yet", []),
        "ready": ("ready", []),
        "sales": ("not built yet", ["price"]),
        "thief": ("conflict", []),
    }
    assert plan.held().routes["/sales"] == "acme:sales"


def test_one_is_built(plan):
    agent = AgentBase("desk", "/sales", sip=("shop",))
    new = plan.with_late([Built(selected("sales"), agent)], [])

    assert [each.key for each in new.pending] == ["help"]
    assert new.find("desk").agent is agent
    assert new.find("ready") is plan.find("ready")
    assert new.aliases is plan.aliases


def test_one_fails(plan):
    """It is quarantined, its aliases go, and its callers are known."""
    new = plan.with_late([], [Rejected(selected("sales"), Diagnosis("no", "fix it"))])

    assert [(each.key, each.state, each.route) for each in new.failed if each.key == "sales"] == [
        ("sales", "quarantined", "/sales")
    ]
    assert [each.route for each in new.broken] == ["/sales"]
    assert (new.find("desk"), new.aliases.find("shop")) == (None, None)


def test_what_is_not_pending_any_more_is_left_alone(plan):
    """A reload came first."""
    item = Built(selected("ready"), AgentBase("ready", "/ready-one"))

    assert plan.with_late([item], [Rejected(selected("thief"), Diagnosis("no", ""))]).agents == plan.agents


def test_it_stays_pending_in_a_reload(plan):
    """A kept agent has the route of the lock file, not one of its stand-in."""
    [_, sales] = plan.pending
    loaded = Loaded(built=(evolve(sales.built, served=sales),))

    assert make_plan(Config(), loaded, plan).agents == (sales,)
