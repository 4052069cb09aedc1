"""The front desk on a host, called as by the platform."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from agenthost_frontdesk import BillingAgent, FrontDeskSettings, MainAgent, SalesAgent, SupportAgent

README = Path(__file__).parents[1] / "README.md"
ROUTES = {"main": "/", "sales": "/sales", "support": "/support", "billing": "/billing"}


@pytest.fixture
def host(agenthost_host):
    """A host with the four agents."""
    for cls in (MainAgent, SalesAgent, SupportAgent, BillingAgent):
        agenthost_host.add(cls(FrontDeskSettings()))
    return agenthost_host.config('[host]\npublic_url = "https://desk.example"\n')


def test_the_receptionist_reaches_the_sibling_that_is_really_there(host):
    call = host.call("/")
    call.tool("transfer_department", department="billing")

    assert call.follow() == "/billing"
    assert "billing specialist" in call.prompt
    call.expect.hops("/", "/billing").action("SWML").no_findings().going_on()


def test_prices_are_declared_and_said(host):
    call = host.call("/sales")

    assert call.tool_specs["get_pricing"].parameters == {
        "type": "object",
        "properties": {
            "product": {
                "type": "string",
                "description": "The product the caller asks about",
                "enum": ["basic", "pro", "enterprise"],
            }
        },
        "required": ["product"],
    }
    assert call.tool("get_pricing", product="basic").response == "basic is $99/month."
    assert "gold" in call.tool("get_pricing", product="gold").response


def test_tickets_and_balances(host):
    call = host.call("/support")
    first, again = (call.tool("create_ticket", issue="No dial tone").response for _ in range(2))

    assert first == again
    balance = host.call("/billing").tool("get_balance", account_id="A-1003")
    assert balance.response == "Account A-1003 has a credit of $15.00."


@pytest.mark.parametrize("name", ROUTES)
def test_a_caller_may_dial_each_by_name(host, name):
    assert host.sip(f"sip:{name}@desk.example").agent == ROUTES[name]


def test_the_table_of_the_readme_is_what_is_served(host):
    """Agents, tools, parameters and routes are those in the README."""
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| `(\w+)\((\w+)\)` \|", text, re.MULTILINE)
    assert {f"`{route}`" in text for route in ROUTES.values()} == {True}

    served = {
        (agent, name, *tool.parameters["properties"])
        for agent, route in ROUTES.items()
        for name, tool in host.call(route).tool_specs.items()
    }
    assert served == set(rows)
    assert host.routes == ROUTES


def test_the_installed_distribution_offers_the_four():
    offered = {entry.name for entry in entry_points(group="agenthost.agents") if entry.module == "agenthost_frontdesk"}

    assert offered in (set(), {"main", "sales", "support", "billing"})
