"""The agents of the front desk, against the public API alone."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path

import pytest
from agenthost_frontdesk import BillingAgent, FrontDeskSettings, MainAgent, SalesAgent, SupportAgent, ticket_number
from agenthost_frontdesk.company import Company
from hypothesis import given, strategies

from agenthost import Call

SHIPPED = Path(__file__).parents[1] / "agenthost_frontdesk" / "company.toml"


def a_call(number):
    return Call(id=number, caller_name=None, caller_number="+15550100", global_data={}, meta_data={}, raw_data={})


def balance(account):
    return asyncio.run(BillingAgent(FrontDeskSettings()).get_balance(account)).to_dict()["response"]


@pytest.mark.parametrize("department", ["sales", "support", "billing"])
def test_the_receptionist_hands_the_call_over_for_good(department):
    result = MainAgent(FrontDeskSettings()).transfer_department(department)

    assert result.to_dict(lambda agent: f"https://host.example/{agent}") == {
        "response": f"Transferring to {department}.",
        "action": [
            {
                "transfer": "true",
                "SWML": {
                    "version": "1.0.0",
                    "sections": {"main": [{"transfer": {"dest": f"https://host.example/{department}"}}]},
                },
            }
        ],
    }


@pytest.mark.parametrize("cls", [MainAgent, SalesAgent, SupportAgent, BillingAgent])
def test_agents_are_called_what_their_entry_points_are(cls):
    project = tomllib.loads((SHIPPED.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    entries = project["project"]["entry-points"]["agenthost.agents"]

    assert entries[cls(FrontDeskSettings()).get_name()] == f"agenthost_frontdesk:{cls.__name__}"


@pytest.mark.parametrize(
    ("account", "sentence"),
    [
        ("A-1001", "Account A-1001 has a balance of $0.00. You're all paid up!"),
        ("A-1002", "Account A-1002 has an open balance of $42.50."),
        ("A-1003", "Account A-1003 has a credit of $15.00."),
        (" a-1002 ", "Account A-1002 has an open balance of $42.50."),
        ("A-9999", "I can't find that account. Please ask for the number again."),
        ("", "I can't find that account. Please ask for the number again."),
    ],
)
def test_balances_are_said_in_dollars(account, sentence):
    assert balance(account) == sentence


@given(strategies.integers(min_value=1, max_value=10**12))
def test_no_cent_is_lost(cents):
    company = Company("x", "", "", {}, {"A": cents, "B": -cents})

    for account in "AB":
        amount = re.search(r"\$([\d,]+)\.(\d\d)\.", company.balance(account))
        assert int(amount[1].replace(",", "")) * 100 + int(amount[2]) == cents


def test_a_ticket_goes_into_the_data_of_the_call():
    answer = SupportAgent(FrontDeskSettings()).create_ticket("The printer is on fire", a_call("call-1")).to_dict()

    [action] = answer["action"]
    assert f"I've created ticket {action['set_global_data']['ticket']} for your issue." in answer["response"]


def test_a_ticket_asked_for_twice_is_one_ticket():
    number = ticket_number("call-1", "The printer is on fire")

    assert re.fullmatch(r"T-[A-Z2-7]{10}", number)
    assert ticket_number("call-1", "  the PRINTER is  on fire ") == number
    assert ticket_number("call-2", "The printer is on fire") != number
    assert ticket_number("call-1", "The printer is wet") != number


def test_another_company_is_read_from_its_file(tmp_path):
    text = SHIPPED.read_text(encoding="utf-8").replace("TechCorp", "Fischer & Sons").replace("4250", "100_05")
    (tmp_path / "company.toml").write_text(text, encoding="utf-8")
    billing = BillingAgent(FrontDeskSettings(company=str(tmp_path / "company.toml")))

    assert "$100.05" in asyncio.run(billing.get_balance("A-1002")).to_dict()["response"]


@pytest.mark.parametrize("text", ["", "name = 5", 'name = "x"\nunknown = 1', "["])
def test_a_company_file_that_cannot_be_used_is_refused(tmp_path, text):
    """Then the agent is quarantined rather than served without prices."""
    (tmp_path / "company.toml").write_text(text, encoding="utf-8")

    with pytest.raises((TypeError, ValueError)):
        SalesAgent(FrontDeskSettings(company=str(tmp_path / "company.toml")))
