"""Findings about tools that the platform runs, and about hand-offs of calls."""

from __future__ import annotations

import json

import pytest
from plans import plan_of

from agenthost import AgentBase, DataMap, FunctionResult


def desk(to):
    """An agent whose data map hands calls over."""
    agent = AgentBase("desk").define_tool("book", "Book", {}, lambda args: "")
    return agent.register_swaig_function(DataMap("pay").fallback_output(FunctionResult("x").hand_over(to)))


def addresses(plan, template):
    document = json.loads(template.located(plan.route_of).render(b"https://u:p@h/desk", str.encode))
    return json.dumps(document["sections"]["main"][-1]["ai"]["SWAIG"]["functions"][1]["data_map"])


def test_tools_that_run_elsewhere_are_listed_but_not_run():
    mounted = plan_of(desk("billing"), AgentBase("billing", "/accounts")).find("desk")

    assert mounted.report()["tools"] == ["book", "pay"]
    assert list(mounted.tools) == ["book"]


@pytest.mark.parametrize("known_address", [True, False])
def test_the_sibling_s_route_is_put_in(known_address):
    plan = plan_of(desk("billing"), AgentBase("billing", "/accounts"))
    template = plan.find("desk").template.located(plan.route_of)
    if known_address:
        template = template.with_base(b"https://u:p@h/desk")

    assert plan.warnings == ()
    assert b'"dest":"https://u:p@h/accounts"' in template.render(b"https://u:p@h/desk", str.encode)


def test_a_sibling_that_is_not_served():
    """The agent is served: one missing package must not disable it.

    A warning is shown, and the call stays.
    """
    plan = plan_of(desk("billing"))

    assert plan.warnings == ("agent 'desk' hands calls over to 'billing', which is not served: they stay with 'desk'",)
    assert plan.problems == 1
    assert '"dest": "https://u:p@h/desk"' in addresses(plan, plan.find("desk").template)


def test_agents_that_callbacks_configure_are_marked():
    plan = plan_of(AgentBase("still"), AgentBase("moved").add_per_call_config(lambda *_: None))

    assert [agent.name for agent in plan.agents if agent.dynamic] == ["moved"]
