"""The plan: routes of agents, agents that are not served, and reports."""

from __future__ import annotations

import json

import attrs
import pytest

from agenthost import AgentBase
from agenthost._discovery import AGENTS, PLUGINS, Candidate
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.diagnosis import Diagnosis
from agenthost._host.packages.plugins import PluginState
from agenthost._host.packages.selection import SelectedAgent
from agenthost._host.packages.stages import Built, Loaded, Rejected
from agenthost._host.plan.plan import make_plan
from agenthost.agent.base import declared

NOTHING = Loaded()


def built(key, own=None, *, distribution=None, agent=None, **config):
    """Return an agent as from the loader.

    Its package is named after it.
    """
    agent = agent or AgentBase(key.rpartition(":")[2], own)
    return Built(SelectedAgent.in_code(key, AgentConfig(**config), distribution or f"acme-{key}", "1.0"), agent)


def plan_of(*items, **config):
    return make_plan(Config(**config), attrs.evolve(NOTHING, built=items))


def served(plan):
    return {agent.route: agent.key for agent in plan.agents}


def aside(plan):
    """Key to state and reason."""
    return {item.key: (item.state, item.diagnosis.reason) for item in plan.failed}


class TestRoutes:
    def test_configuration_then_the_agent_then_its_name(self):
        plan = plan_of(
            built("one", "/own", route="/configured"),
            built("two", "/own"),
            built("three"),
            built("acme:four"),
            built("root", "/"),
        )

        assert served(plan) == {
            "/": "root",
            "/configured": "one",
            "/four": "acme:four",
            "/own": "two",
            "/three": "three",
        }
        assert plan.problems == 0

    def test_agents_stand_in_order_of_their_routes(self):
        assert list(served(plan_of(*(built(f"x{n}", r) for n, r in enumerate(["/b", "/a/b", "/", "/a"]))))) == [
            "/",
            "/a",
            "/a/b",
            "/b",
        ]

    def test_one_trailing_slash_is_not_looked_at(self):
        assert served(plan_of(built("one", "/one/"), built("two", route="/two/"))) == {"/one": "one", "/two": "two"}

    @pytest.mark.parametrize(
        ("route", "reason"),
        [
            ("/health", "route '/health' is reserved: /health belongs to the host"),
            ("/one/swaig", "route '/one/swaig' is reserved: every agent has an endpoint called swaig"),
            (
                "one",
                "route 'one' is not a path of one to four segments of a-z, 0-9, '.', '_' and '-', such as '/sales'",
            ),
        ],
    )
    def test_a_route_that_cannot_be(self, route, reason):
        """The agent is quarantined with a line that sets another route.

        The others are served.
        """
        plan = plan_of(built("one", route), built("two"))
        (item,) = plan.failed

        assert served(plan) == {"/two": "two"}
        assert ("quarantined", route, reason) == (item.state, item.route, item.diagnosis.reason)
        assert item.diagnosis.remedy == '[agents.one] route = "/one" in agenthost.toml'

    @pytest.mark.parametrize(
        ("key", "segment"),
        [("Sales Team", "sales-team"), ("acme:sales", "acme-sales"), ("ü", "agent"), ("-a-", "a"), ("a.b_c", "a.b_c")],
    )
    def test_the_suggested_route_can_be_one(self, key, segment):
        (item,) = plan_of(built(key, "/health")).failed

        assert f'route = "/{segment}"' in item.diagnosis.remedy

    def test_an_entry_point_s_name_that_is_no_route(self):
        """The name is only the default route.

        The remedy has the line to write.
        """
        (item,) = plan_of(built("Sales Team")).failed

        assert item.diagnosis.remedy == '[agents."Sales Team"] route = "/sales-team" in agenthost.toml'


class TestConflicts:
    def test_of_two(self):
        """Neither is served, and each diagnosis names the other.

        No other agent is affected.
        """
        plan = plan_of(built("a", "/sales"), built("b", "/sales"), built("c"))

        assert served(plan) == {"/c": "c"}
        assert aside(plan) == {
            "a": ("conflict", "route '/sales' is also claimed by acme-b 1.0 (b)"),
            "b": ("conflict", "route '/sales' is also claimed by acme-a 1.0 (a)"),
        }
        assert plan.failed[0].diagnosis.remedy == (
            'choose in agenthost.toml: [agents.a] route = "/a" moves it, route = "/sales" gives it the route'
        )

    def test_of_three(self):
        plan = plan_of(*(built(key, "/sales") for key in "cab"))

        assert served(plan) == {}
        assert aside(plan)["b"] == ("conflict", "route '/sales' is also claimed by acme-a 1.0 (a) and acme-c 1.0 (c)")

    def test_of_an_agent_and_an_entry_point_s_name(self):
        assert list(aside(plan_of(built("a"), built("b", "/a")))) == ["a", "b"]

    def test_the_remedy_never_suggests_the_contested_route(self):
        first, second = plan_of(built("sales"), built("other", "/sales")).failed

        assert '[agents.other] route = "/other" moves it' in first.diagnosis.remedy
        assert '[agents.sales] route = "/sales/acme-sales" moves it' in second.diagnosis.remedy

    def test_at_the_root(self):
        first, _ = plan_of(built("a", "/"), built("b", "/")).failed

        assert '[agents.a] route = "/a" moves it, route = "/" gives it the route' in first.diagnosis.remedy

    @pytest.mark.parametrize("order", [1, -1])
    def test_configuration_gives_the_route_to_one(self, order):
        """The order of the agents has no effect."""
        plan = plan_of(*[built("a", "/sales"), built("b", "/sales", route="/sales"), built("c", "/sales")][::order])

        assert served(plan) == {"/sales": "b"}
        assert list(aside(plan)) == ["a", "c"]

    def test_configuration_moves_one_away(self):
        plan = plan_of(built("a", "/sales"), built("b", "/sales", route="/other"))

        assert served(plan) == {"/other": "b", "/sales": "a"}

    def test_configuration_that_gives_it_to_two(self):
        """Neither is served, because the configuration contradicts itself."""
        plan = plan_of(built("a", "/sales", route="/sales"), built("b", "/sales", route="/sales"), built("c", "/sales"))

        assert served(plan) == {}
        assert list(aside(plan)) == ["a", "b", "c"]

    def test_the_remedy_works(self):
        """Writing what it says ends the conflict, for whichever agent it is written."""
        for key in "ab":
            assert served(
                plan_of(*(built(k, "/sales", **({"route": "/sales"} if k == key else {})) for k in "ab"))
            ) == {"/sales": key}


class TestMounting:
    def test_what_is_mounted(self):
        agent = AgentBase("sales", "/sales", sip=("orders",), fallback="One moment.")
        agent.define_tool("book", "", {}, lambda args: "")
        (mounted,) = plan_of(built("s", agent=agent)).agents

        assert (
            mounted.key,
            mounted.name,
            mounted.route,
            mounted.distribution,
            mounted.version,
        ) == ("s", "sales", "/sales", "acme-s", "1.0")
        assert (agent, "One moment.", ("orders",), ["book"]) == (
            mounted.agent,
            mounted.fallback,
            mounted.sip,
            list(mounted.tools),
        )
        assert declared(agent).sealed

    def test_nobody_else_is_sealed(self):
        """An agent in conflict can still be configured."""
        first, second = built("a", "/x"), built("b", "/x")
        plan_of(first, second)

        assert not declared(first.agent).sealed

    def test_one_agent_under_two_keys(self):
        """The mount of its own package stays, in any order.

        The second mount needs a class.
        """
        agent = AgentBase("sales", "/sales")
        items = [built("a-second", agent=agent, route="/a", use="acme:sales"), built("sales", agent=agent)]
        plan = plan_of(*items)

        assert served(plan) == {"/sales": "sales"}
        assert aside(plan) == {
            "a-second": (
                "quarantined",
                "this instance is already mounted elsewhere, and a second mount needs a class or a factory",
            )
        }

    def test_a_document_that_cannot_be_written(self):
        agent = AgentBase("a").set_param("value", object())
        plan = plan_of(built("a", agent=agent), built("b"))

        assert served(plan) == {"/b": "b"}
        assert aside(plan)["a"][0] == "quarantined"
        assert aside(plan)["a"][1].startswith("the document cannot be written as JSON: ")


class TestReport:
    @pytest.fixture
    def plan(self):
        """One of everything."""
        candidate = Candidate(AGENTS, "off", "m:A", "acme-off", "2.0", "")
        diagnosis = Diagnosis("ValueError: no", "pip install it")
        loaded = Loaded(
            built=(built("sales", agent=AgentBase("sales", sip=["s"]).define_tool("book", "", {}, lambda args: "")),),
            rejected=(Rejected(SelectedAgent.in_code("bad", AgentConfig(), "acme-bad", "3.0"), diagnosis),),
            left_out=(SelectedAgent("off", candidate, AgentConfig(enabled=False, route="/off")),),
            plugins=(
                PluginState("p", "acme-p", "1.0", "ready", ("agents",)),
                PluginState("q", "acme-q", "1.0", "quarantined", (), diagnosis),
                PluginState("r", "acme-r", "1.0", "disabled"),
            ),
            warnings=("loaded",),
        )
        return make_plan(Config(warnings=("configured",)), loaded)

    def test_as_data(self, plan):
        report = plan.report()

        assert report == json.loads(json.dumps(report))
        assert report["agents"] == [
            {
                "agent": "sales",
                "route": "/sales",
                "tools": ["book"],
                "sip": ["s"],
                "package": "acme-sales",
                "version": "1.0",
                "state": "ready",
                "isolation": "thread",
                "fallback": "I'm sorry, something went wrong on my side. Please try again in a moment.",
            },
            {
                "agent": "bad",
                "route": None,
                "tools": [],
                "sip": [],
                "package": "acme-bad",
                "version": "3.0",
                "state": "quarantined",
                "reason": "ValueError: no",
                "remedy": "pip install it",
            },
            {
                "agent": "off",
                "route": "/off",
                "tools": [],
                "sip": [],
                "package": "acme-off",
                "version": "2.0",
                "state": "disabled",
            },
        ]
        assert report["plugins"][:1] == [
            {"plugin": "p", "package": "acme-p", "version": "1.0", "state": "ready", "hooks": ["agents"]}
        ]
        assert report["plugins"][1]["remedy"] == "pip install it"
        assert tuple(report["warnings"]) == ("configured", "loaded")

    def test_problems_are_what_somebody_has_to_mend(self, plan):
        """Problems are failed agents and plugins, and warnings.

        Disabled ones are intended.
        """
        assert plan.problems == 4
        assert [item.key for item in plan.failed] == ["bad"]

    def test_a_plugin_that_fails_later(self, plan):
        failed = plan.with_failed_plugin("acme-p:p", LookupError("gone"))

        assert [(plugin.name, plugin.state) for plugin in failed.plugins] == [
            ("p", "quarantined"),
            ("q", "quarantined"),
            ("r", "disabled"),
        ]
        assert failed.plugins[0].diagnosis.reason == "LookupError: gone"
        assert ["agenthost", failed.problems] == [PLUGINS, 5]


class TestFind:
    def test_by_key_else_by_name(self):
        plan = plan_of(
            built("acme:sales", "/a", agent=AgentBase("sales", "/a")),
            built("support", "/b", agent=AgentBase("help", "/b")),
        )

        assert {name: plan.find(name).route for name in ("acme:sales", "sales", "support", "help")} == {
            "acme:sales": "/a",
            "sales": "/a",
            "support": "/b",
            "help": "/b",
        }
        assert plan.find("nobody") is None

    def test_a_key_wins_over_a_name(self):
        plan = plan_of(
            built("a", agent=AgentBase("b", "/a")),
            built("b", agent=AgentBase("c", "/b")),
        )

        assert plan.find("b").route == "/b"

    def test_a_name_of_two_is_nobody_s(self):
        """It is never decided by order."""
        plan = plan_of(built("a", agent=AgentBase("x", "/a")), built("b", agent=AgentBase("x", "/b")))

        assert plan.find("x") is None


class TestFindings:
    def test_tools_that_read_arguments_and_declare_none(self):
        """They are listed by agent, and do not count as problems."""
        agent = AgentBase("sales")
        agent.define_tool("get_pricing", "Get a price", handler=lambda args, raw_data: "")
        agent.define_tool("hours", "Opening hours", {}, lambda args, raw_data: "")
        agent.define_tool("look_up", "Look up", {"city": {"type": "string"}}, lambda args: "")
        agent.define_tool("elsewhere", "Ask elsewhere", webhook_url="https://example.com/x")

        plan = plan_of(built("desk", agent=agent), built("other"))

        told = ("get_pricing of desk declares no parameters: the model cannot know what to pass",)
        assert told == plan.findings
        assert ([*told], 0, ()) == (plan.report()["findings"], plan.problems, plan.warnings)


def test_a_name_that_several_packages_share_is_shown():
    """Agents of one package may share without a finding."""
    names = {"a": ("acme", ("customers", "own")), "b": ("acme", ("own",)), "c": ("books", ("customers",))}
    items = [
        built(key, distribution=distribution, agent=AgentBase(key, shared_state=shared))
        for key, (distribution, shared) in names.items()
    ]
    plan = plan_of(*items)

    assert plan.findings == (
        "the shared state 'customers' is read and written by several packages: acme (a), books (c)",
    )
    assert plan.problems == 0
