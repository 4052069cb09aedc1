"""Tools of real MCP servers, on a host."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from agenthost_mcp.skill import McpSettings, McpSkill

from agenthost import AgentBase, Secret
from agenthost.agent.skills import give_skill
from agenthost.testing import SkillContract

ORDERS = [sys.executable, str(Path(__file__).with_name("orders_server.py"))]


class TestMcp(SkillContract):
    @pytest.fixture
    def skill(self):
        return McpSkill

    @pytest.fixture
    def params(self):
        return {"command": ORDERS, "tools": ["find_order"], "timeout": 60, "connect_timeout": 60}


@pytest.fixture
def called(agenthost_host):
    """Return a function that calls an agent with the skill."""

    def call(**params):
        agent = AgentBase("shop", "/shop", fallback="Sorry.")
        agent.prompt_add_section("Role", "You work in a shop.")
        skill = McpSkill(McpSettings(**{"timeout": 60, "connect_timeout": 60, **params}))
        skill.setup()
        give_skill(agent, "mcp", skill)
        return agenthost_host.add(agent).call("/shop")

    return call


def test_an_agent_calls_a_program(called, monkeypatch):
    monkeypatch.setenv("CARRIER", "by boat")
    call = called(command=ORDERS, tools=["find_order", "fail", "sleep", "stop"], environment=["CARRIER"])

    assert call.tool_specs["find_order"].description == "Tool find_order."
    assert call.tool_specs["find_order"].parameters["required"] == ["number"]
    assert call.tool("find_order", number=7).response == "Order 7 is on its way, by boat."
    assert "secret" not in call.tool("fail").response
    assert call.tool("stop").response == "Sorry."
    assert call.tool("find_order", number=8).response == "Order 8 is on its way, by boat."


def test_tools_that_are_not_listed_stay_hidden(called):
    assert set(called(command=ORDERS, tools=["find_order"]).tool_specs) == {"find_order"}


def test_a_call_that_is_late_ends(called):
    assert called(command=ORDERS, tools=["sleep"], timeout=0.5).tool("sleep").response == "Sorry."


def test_an_agent_calls_another_host(host, called):
    call = called(url=f"{host.url}/tested/mcp", token=Secret(host.password), tools=["find_price"])

    assert call.tool("find_price", tent=5).response == "Tent 5 costs 99."


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"tools": ["x"]}, "exactly one of url and command"),
        ({"tools": ["x"], "url": "http://a/", "command": ["b"]}, "exactly one of url and command"),
        ({"tools": ["x"], "url": "ftp://a/"}, "url must begin with http"),
        ({"tools": [], "url": "http://a/"}, "tools must list the tools"),
    ],
)
def test_settings_that_cannot_work_are_rejected(params, reason):
    with pytest.raises(ValueError, match=reason):
        McpSettings(**params)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        (
            {"tools": ["find_oder"], "command": ORDERS},
            r"no tool 'find_oder'\. It has: fail, find_order, sleep, stop\. fix",
        ),
        (
            {"tools": ["x"], "command": ["no-such-program"]},
            r"the MCP server does not answer: .*fix: check url or command",
        ),
        ({"tools": ["x"], "url": "http://127.0.0.1:1/mcp"}, "the MCP server does not answer"),
    ],
)
def test_servers_that_cannot_be_used_are_reported(params, reason):
    with pytest.raises(ValueError, match=reason):
        McpSkill(McpSettings(connect_timeout=60, **params)).setup()
