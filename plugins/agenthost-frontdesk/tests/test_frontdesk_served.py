"""The front desk on a real host, requested over HTTP as by the platform."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest
from agenthost_frontdesk import BillingAgent, FrontDeskSettings, MainAgent, SalesAgent, SupportAgent

from agenthost import AgentServer

README = Path(__file__).parents[1] / "README.md"
PASSWORD = "for tests"


@pytest.fixture
def app(monkeypatch, tmp_path):
    """A host with the four agents."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_PASSWORD", PASSWORD)
    monkeypatch.setenv("SIGNALWIRE_SWAIG_SECRET", PASSWORD)
    monkeypatch.setenv("AGENTHOST_PUBLIC_URL", "https://desk.example")
    server = AgentServer()
    for cls in (MainAgent, SalesAgent, SupportAgent, BillingAgent):
        server.register(cls(FrontDeskSettings()))
    return server.app


def post(app, path, body):
    async def send():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://desk.example", auth=("agenthost", PASSWORD)
        ) as client:
            return (await client.post(path, json=body)).json()

    return asyncio.run(send())


def tools(app, route):
    document = post(app, route, {"call_id": "call-1"})
    return {entry["function"]: entry for entry in document["sections"]["main"][1]["ai"]["SWAIG"]["functions"]}


def call(app, route, tool, **arguments):
    body = {"function": tool, "call_id": "call-1", "argument": {"parsed": [arguments]}}
    return post(app, tools(app, route)[tool]["web_hook_url"], body)


def test_the_receptionist_reaches_the_sibling_that_is_really_there(app):
    answer = call(app, "/", "transfer_department", department="billing")
    dest = answer["action"][0]["SWML"]["sections"]["main"][0]["transfer"]["dest"]

    assert re.fullmatch(r"https://agenthost:[^@]+@desk\.example/billing", dest)
    assert "billing specialist" in str(post(app, dest, {"call_id": "call-1"}))


def test_prices_are_declared_and_said(app):
    assert tools(app, "/sales")["get_pricing"]["parameters"] == {
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
    assert call(app, "/sales", "get_pricing", product="basic") == {"response": "basic is $99/month."}
    assert call(app, "/sales", "get_pricing", product="gold") == {
        "response": "product must be one of: basic, pro, enterprise"
    }


def test_tickets_and_balances(app):
    first, again = (call(app, "/support", "create_ticket", issue="No dial tone") for _ in range(2))

    assert first == again
    assert call(app, "/billing", "get_balance", account_id="A-1003") == {
        "response": "Account A-1003 has a credit of $15.00."
    }


def test_the_table_of_the_readme_is_what_is_served(app):
    """Agents, tools, parameters and routes are those in the README."""
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| `(\w+)\((\w+)\)` \|", text, re.MULTILINE)
    routes = {"main": "/", "sales": "/sales", "support": "/support", "billing": "/billing"}
    assert {f"`{route}`" in text for route in routes.values()} == {True}

    served = {
        (agent, tool["function"], *tool["parameters"]["properties"])
        for agent, route in routes.items()
        for tool in tools(app, route).values()
    }
    assert served == set(rows)


def test_the_installed_distribution_offers_the_four():
    offered = {entry.name for entry in entry_points(group="agenthost.agents") if entry.module == "agenthost_frontdesk"}

    assert offered in (set(), {"main", "sales", "support", "billing"})
