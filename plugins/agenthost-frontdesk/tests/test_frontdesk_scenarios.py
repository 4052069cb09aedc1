"""The scenarios of the front desk, and the faults that they find."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

import agenthost_frontdesk
import pytest

from agenthost import AgentBase, FunctionResult
from agenthost.testing.scenarios import find_scenarios, lines_about
from agenthost.testing.scenarios.many import run_file

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problems(name):
    verdict = run_file(HERE / f"{name}.call.toml")
    return [problem.message for run in verdict.runs for problem in run.problems]


@pytest.mark.parametrize("file", find_scenarios([HERE]), ids=lambda file: file.name)
def test_scenarios_pass(file):
    verdict = run_file(file)

    assert verdict.passed, "\n".join(lines_about(verdict))


def planted(cls, tool):
    """Return an agent with one tool replaced."""
    return type(cls.__name__, (cls,), {tool.__name__: tool, "__module__": cls.__module__})


def test_a_missing_hand_over_is_found(monkeypatch):
    @AgentBase.tool
    def transfer_department(self, department: Literal["sales", "support", "billing"]) -> str:
        """Transfer the caller to a department."""
        return f"Transferring to {department}."

    monkeypatch.setattr(agenthost_frontdesk, "MainAgent", planted(agenthost_frontdesk.MainAgent, transfer_department))

    assert "hops is not as expected" in problems("billing")


def test_the_wrong_department_is_found(monkeypatch):
    @AgentBase.tool
    def transfer_department(self, department: Literal["sales", "support", "billing"]) -> FunctionResult:
        """Transfer the caller to a department."""
        return FunctionResult(f"Transferring to {department}.").hand_over("sales")

    monkeypatch.setattr(agenthost_frontdesk, "MainAgent", planted(agenthost_frontdesk.MainAgent, transfer_department))

    assert "/sales has the call" in problems("billing")


def test_a_ping_pong_is_found(monkeypatch):
    @AgentBase.tool
    def get_balance(self, account_id: str) -> FunctionResult:
        """Get account balance."""
        return FunctionResult("One moment.").hand_over("main")

    monkeypatch.setattr(agenthost_frontdesk, "BillingAgent", planted(agenthost_frontdesk.BillingAgent, get_balance))

    assert "hops is not as expected" in problems("billing")


def test_leaked_data_is_found(monkeypatch):
    @AgentBase.tool
    def get_balance(self, account_id: str) -> FunctionResult:
        """Get account balance."""
        return FunctionResult("Paid.").update_global_data({"caller": {"account_id": account_id}})

    monkeypatch.setattr(agenthost_frontdesk, "BillingAgent", planted(agenthost_frontdesk.BillingAgent, get_balance))

    assert problems("billing") == ["'account_id' is in the global data"]


def test_a_second_ticket_is_found(monkeypatch):
    monkeypatch.setattr(agenthost_frontdesk, "ticket_number", lambda call, issue: f"T-{secrets.token_hex(5)}")

    assert problems("ticket") == ["the global data is not as expected"]
