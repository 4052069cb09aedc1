"""The scenarios of the shop, and the faults that they find."""

from __future__ import annotations

from pathlib import Path

import agenthost_supportgenie
import pytest

from agenthost import AgentBase, Call, FunctionResult
from agenthost.testing.scenarios import find_scenarios, lines_about
from agenthost.testing.scenarios.many import run_file

HERE = Path(__file__).parent


def problems(name):
    verdict = run_file(HERE / f"{name}.call.toml")
    return [problem.message for run in verdict.runs for problem in run.problems]


@pytest.fixture
def plant(monkeypatch):
    """Replaces one member of an agent of the package."""

    def planted(name, member, value):
        cls = getattr(agenthost_supportgenie, name)
        faulty = type(name, (cls,), {member: value, "__module__": cls.__module__})
        monkeypatch.setattr(agenthost_supportgenie, name, faulty)

    return planted


@pytest.mark.parametrize("file", find_scenarios([HERE]), ids=lambda file: file.name)
def test_scenarios_pass(file):
    verdict = run_file(file)

    assert verdict.passed, "\n".join(lines_about(verdict))


def test_an_order_that_is_cancelled_twice_is_found(plant):
    plant("SalesAgent", "change", lambda self, key, what: True)

    assert "the functions' answers are not as expected" in problems("cancel")


def test_a_missing_hand_over_is_found(plant):
    @AgentBase.tool
    def hand_to_senior(self, reason: str) -> str:
        """Hand over to the senior colleague."""
        return f"I pass this on to a senior colleague: {reason}"

    plant("SalesAgent", "hand_to_senior", hand_to_senior)

    assert "agent is not as expected" in problems("refund")


def test_a_ping_pong_is_found(plant):
    @AgentBase.tool
    def connect_to_person(self, reason: str) -> FunctionResult:
        """Connect the customer to a person."""
        return FunctionResult("Somebody else is better at that: my manager.").hand_over("genie")

    plant("EscalationAgent", "connect_to_person", connect_to_person)

    assert "hops is not as expected" in problems("circles")


def test_a_forgotten_step_is_found(plant):
    """Without the diagnosis, the call begins where devices are replaced."""

    def begin(self, settings):
        parent.__init__(self, settings)
        self.reset_contexts()
        context = self.define_contexts().add_context("default")
        context.add_step("replacement").set_text("Check the warranty.").set_functions(["check_warranty"])

    parent = agenthost_supportgenie.TechnicalAgent
    plant("TechnicalAgent", "__init__", begin)

    assert "step is not as expected" in problems("warranty")
    assert "check_warranty is offered" in problems("warranty")


def test_a_step_that_forgets_its_functions_is_found(plant):
    """A step without a list offers what the one before did."""

    def begin(self, settings):
        parent.__init__(self, settings)
        self.reset_contexts()
        context = self.define_contexts().add_context("default")
        context.add_step("diagnosis").set_text("Find the fault.").set_functions(["troubleshoot", "hand_to_senior"])
        context.add_step("replacement").set_text("Check the warranty.")

    parent = agenthost_supportgenie.TechnicalAgent
    plant("TechnicalAgent", "__init__", begin)

    assert "troubleshoot is offered" in problems("warranty")


def test_leaked_data_is_found(plant):
    @AgentBase.tool
    def request_refund(self, order_id: str, call: Call) -> FunctionResult:
        """Refund an order."""
        return FunctionResult("Done.").update_global_data({"refunded": "1031", "customer": {"email": "a@shop.example"}})

    plant("EscalationAgent", "request_refund", request_refund)

    assert "'email' is in the global data" in problems("refund")


def test_the_wrong_tool_is_found(plant):
    """Here the agent for refunds cancels, and offers nothing else."""

    @AgentBase.tool
    def cancel_order(self, order_id: str) -> str:
        """Cancel an order."""
        return "Cancelled."

    plant("EscalationAgent", "cancel_order", cancel_order)
    plant("EscalationAgent", "request_refund", None)

    assert "request_refund is not offered" in problems("refund")
