"""Workflows in the plan: configured ones, their agents, and invalid ones."""

from __future__ import annotations

import json

import attrs
import pytest
from plans import built

from agenthost import AgentBase, Escalation, Parallel, Router, Sequential, Vote
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.stages import PROGRAM, Built, Loaded
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan


def plan_of(*agents, toml=None, tmp_path=None):
    """The plan of a program with these agents and this configuration."""
    config = Config()
    if toml is not None:
        file = tmp_path / "agenthost.toml"
        file.write_text(toml, encoding="utf-8")
        config = load_config(str(file), {"HOME": str(tmp_path)})
    return make_plan(config, load_for_program(config, built(*agents)))


def reasons(plan):
    return {item.key: item.diagnosis.reason for item in plan.failed}


def desk():
    return AgentBase("sales", "/sales"), AgentBase("support", "/help")


TABLES = """
[workflows.front]
kind = "router"
agents = ["sales", "both"]
fallback_agent = "support"
threshold = 0.7
description = "Finds the right one"

[workflows.both]
kind = "parallel"
agents = ["sales", "support"]
route = "/together"
seconds = 3.5

[workflows.chain]
kind = "sequential"
agents = ["sales", "support"]

[workflows.poll]
kind = "vote"
agents = ["sales", "support"]
method = "medoid"

[workflows.up]
kind = "escalation"
agents = ["sales", "support"]
detectors = []

[workflows.off]
kind = "vote"
agents = ["nobody"]
enabled = false
"""


def test_tables_become_agents(tmp_path):
    """Each has its route and settings, and other agents can name it."""
    plan = plan_of(*desk(), toml=TABLES, tmp_path=tmp_path)

    assert {agent.key: agent.route for agent in plan.agents} == {
        "both": "/together",
        "chain": "/chain",
        "front": "/front",
        "poll": "/poll",
        "sales": "/sales",
        "support": "/help",
        "up": "/up",
    }
    assert plan.problems == 0
    kinds = {agent.key: type(agent.agent) for agent in plan.agents}
    assert kinds | {"front": Router, "both": Parallel, "chain": Sequential, "poll": Vote, "up": Escalation} == kinds
    front, both = plan.find("front").agent, plan.find("both").agent
    assert (front.threshold, front.fallback_agent, front.members) == (0.7, "support", ("sales", "both", "support"))
    assert both.seconds == 3.5
    assert [choice.agent for choice in plan.choices(front.members)] == ["sales", "both", "support"]


@pytest.mark.parametrize(
    ("table", "reason", "remedy"),
    [
        ('agents = ["sales"]\nthreshhold = 1', "workflows.x.threshhold: there is no such key", "threshold"),
        ('agents = ["sales"]\nthreshold = 2.0', "workflows.x.threshold: 2.0 is not 0 to 1", "write threshold = 0.5"),
        ('agents = ["sales"]\nseconds = 0.0', "workflows.x.seconds: 0.0 is not a time", "write seconds = 20.0"),
        ('agents = ["sales"]\nclassifier = 3', "workflows.x.classifier", ""),
        ('agents = ["gone"]', "none of its agents is served: gone (no agent of this name is installed)", ""),
        ('agents = ["x", "sales"]', "this workflow calls itself", "take 'x' out of the agents of workflow 'x'"),
    ],
)
def test_tables_that_cannot_be(table, reason, remedy, tmp_path):
    """The workflow is quarantined with a reason and a fix.

    The agents are served.
    """
    plan = plan_of(*desk(), toml=f'[workflows.x]\nkind = "router"\n{table}\n', tmp_path=tmp_path)

    assert reason in reasons(plan)["x"]
    assert remedy in f"{plan.failed[0].diagnosis.reason} {plan.failed[0].diagnosis.remedy}"
    assert len(plan.agents) == 2


def test_a_name_that_is_taken(tmp_path):
    """The installed agent keeps it."""
    plan = plan_of(*desk(), toml='[workflows.sales]\nkind = "vote"\nagents = ["support"]\n', tmp_path=tmp_path)

    assert "there already is an agent with this name" in reasons(plan)["sales"]
    assert plan.find("sales").distribution == PROGRAM


def test_circles():
    """A workflow that would call itself is quarantined, and the reason has the path.

    So are those that only call such workflows.
    """
    plan = plan_of(*desk(), Vote("a", ["b", "sales"]), Vote("b", ["c"]), Vote("c", ["a"]), Vote("outside", ["a"]))

    assert reasons(plan) == {
        "a": "this workflow calls itself by way of b, c",
        "b": "this workflow calls itself by way of c, a",
        "c": "this workflow calls itself by way of a, b",
        "outside": "none of its agents is served: a (quarantined: this workflow calls itself by way of b, c)",
    }


@pytest.mark.parametrize("name", ["sales", "/sales", "program:sales"])
@pytest.mark.parametrize("kind", [Router, Vote, Sequential, Parallel], ids=lambda kind: kind.__name__)
def test_an_agent_is_named_by_key_or_route(kind, name):
    """The workflow is mounted after its agents.

    The full key names an agent, too.
    """
    plan = plan_of(kind("a-workflow", [name, "/help"]), *desk())

    assert plan.warnings == ()
    assert [choice.agent for choice in plan.choices((name, "/help"))] == ["sales", "support"]


def test_an_agent_is_named_by_its_own_name(tmp_path):
    """A second mount has another key."""
    file = tmp_path / "agenthost.toml"
    file.write_text('[workflows.front]\nkind = "router"\nagents = ["Ann", "/help"]\nroute = "/front"\n')
    config = load_config(str(file), {"HOME": str(tmp_path)})
    ann = Built.in_code("sales", AgentBase("Ann", "/sales"), AgentConfig())
    plan = make_plan(config, load_for_program(config, (ann, *built(AgentBase("support", "/help")))))

    assert plan.warnings == ()
    assert plan.find("front").agent.members == ("Ann", "/help")


def test_circles_of_routes():
    """They are found as those of keys are."""
    plan = plan_of(Vote("a", ["/b"], route="/a"), Vote("b", ["/a"], route="/b"))

    assert reasons(plan)["a"] == "this workflow calls itself by way of b"


def test_a_route_that_nobody_has():
    plan = plan_of(*desk(), Vote("poll", ["sales", "/gone"]), Vote("none", ["/gone"]))

    assert "workflow 'poll' goes on without '/gone', which is not served: no agent of this name is installed" in (
        plan.warnings
    )
    assert reasons(plan)["none"].startswith("none of its agents is served: /gone")


def test_one_that_is_missing_is_named():
    """The workflow goes on without it."""
    plan = plan_of(*desk(), Vote("poll", ["sales", "broken", "gone"]), AgentBase("broken", "/health"))

    assert [warning for warning in plan.warnings if "poll" in warning] == [
        f"workflow 'poll' goes on without 'broken', which is not served: quarantined: {reasons(plan)['broken']}",
        "workflow 'poll' goes on without 'gone', which is not served: no agent of this name is installed",
    ]


def test_parts_that_are_not_there():
    """A classifier or a detector of a wrong name is found before anybody talks."""
    plan = plan_of(
        *desk(),
        Router("front", ["sales"], classifier="lexcal"),
        Escalation("up", ["sales", "support"], detectors=["phrases", "rage"]),
    )
    told = [warning.partition(". ")[0] for warning in plan.warnings]

    assert told == [
        "workflow 'front' names the classifier 'lexcal', which does not exist",
        "workflow 'up' names the detector 'rage', which does not exist",
    ]
    assert plan.warnings[0].endswith("The classifiers are: lexical, llm")


def test_one_that_comes_while_the_host_serves():
    """It finds the existing agents.

    A circle is refused.
    """
    from agenthost import DefinitionError  # noqa: PLC0415

    plan = plan_of(*desk())
    later = plan.with_agent(Built.in_code("poll", Vote("poll", ["sales"]), AgentConfig()))
    assert later.find("poll") is not None
    with pytest.raises(DefinitionError, match="none of its agents is served"):
        plan.with_agent(Built.in_code("poll", Vote("poll", ["gone"]), AgentConfig()))


class TestOnTheCall:
    def document(self, plan):
        template = plan.find("front").template.located(plan.route_of)
        document = json.loads(template.render(b"https://u:p@h/front", str.encode))
        return next(verb["ai"] for verb in document["sections"]["main"] if "ai" in verb)

    def test_a_router_lists_its_agents_and_has_a_tool(self):
        """Those that are served: nobody can be connected to one that is not."""
        support = AgentBase("support", "/help", description="Helps.", examples=["it is broken"])
        plan = plan_of(AgentBase("sales"), support, Router("front", ["sales", "support", "gone"]))
        ai = self.document(plan)

        (tool,) = ai["SWAIG"]["functions"]
        assert tool["function"] == "connect_caller"
        assert tool["parameters"]["properties"]["agent"]["enum"] == ["sales", "support"]
        assert tool["parameters"]["required"] == ["agent", "reason"]
        prompt = json.dumps(ai["prompt"])
        assert "support: Helps. For example: it is broken" in prompt
        assert "You receive people" in prompt

    def test_the_author_s_prompt_stays(self):
        """The agents are added below it."""
        front = Router("front", ["sales"])
        front.prompt_add_section("Role", "You are the voice of Acme.")
        prompt = json.dumps(self.document(plan_of(AgentBase("sales"), front))["prompt"])

        assert "voice of Acme" in prompt
        assert "You receive people" not in prompt


def test_loaded_has_nothing_by_itself():
    """A host without tables has no workflows."""
    assert make_plan(Config(), attrs.evolve(Loaded(), built=())).agents == ()
