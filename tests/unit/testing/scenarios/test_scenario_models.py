"""Scenarios whose agents' model is a server with an API of OpenAI's form."""

from __future__ import annotations

import asyncio

import pytest

from agenthost.testing import Breaks, Calls, Fails, Says, ScriptedModel
from agenthost.testing.scenarios import lines_about, read_scenario, run_scenario

AGENT = '''
from agenthost import AgentBase, FunctionResult


class BakeryAgent(AgentBase):
    """Takes orders."""

    def __init__(self):
        super().__init__(name="bakery", route="/bakery")
        self.prompt_add_section("Role", "You answer the phone of a bakery.")
        self.set_post_prompt("Summarise the order.")
        steps = self.define_contexts().add_context("default")
        steps.add_step("order").set_text("Take the order.").set_functions(["order"]).set_valid_steps(["pay"])
        steps.add_step("pay").set_text("Take the payment.").set_functions(["pay"])

    @AgentBase.tool
    def order(self, bread: str) -> FunctionResult:
        """Order bread.

        Args:
            bread: The kind of bread
        """
        return FunctionResult(f"Ordered {bread}.").swml_change_step("pay")

    @AgentBase.tool
    def pay(self, amount: int) -> str:
        """Pay an amount.

        Args:
            amount: Euros
        """
        return f"Paid {amount} euros."
'''
SCENARIO = """agent = "/bakery"
runs = {runs}
passes = {passes}

[host]
files = ["bakery.py"]

[model]
kind = "openai"
url = "{url}"
model = "house"
key = "BAKERY_KEY"

[[turn]]
user = "One rye bread, please."

[[turn]]
user = "Here are 4 euros."

[expect]
tools = ["order", {{ call = "pay", with = {{ amount = 4 }} }}]
said = ["bakery", "rye", "thank you"]
{more}
"""
GREETING = Says("Bakery, good morning.")
GOOD = (
    GREETING,
    Calls("order", {"bread": "rye"}),
    Says("One rye bread. Anything else?"),
    Calls("pay", {"amount": 4}),
    Says("Thank you."),
    Says("One rye bread for 4 euros."),
)
FORGETFUL = (GREETING, Calls("order", {"bread": "rye"}), Says("One rye bread."), Says("Thank you."), Says("None."))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a scenario against a scripted model, and return verdict and requests."""
    (tmp_path / "bakery.py").write_text(AGENT, encoding="utf-8")
    monkeypatch.setenv("BAKERY_KEY", "sk-bakery")

    def written(*script, runs=1, passes=None, more=""):
        with ScriptedModel(*script) as model:
            text = SCENARIO.format(url=model.url, runs=runs, passes=runs if passes is None else passes, more=more)
            (tmp_path / "order.call.toml").write_text(text, encoding="utf-8")
            verdict = asyncio.run(run_scenario(read_scenario(tmp_path / "order.call.toml")))
            assert set(model.keys) == {"Bearer sk-bakery"}
            return verdict, model.requests

    return written


def offered(request):
    return sorted(tool["function"]["name"] for tool in request.get("tools", ()))


def test_a_model_plays_the_agent(run):
    verdict, requests = run(*GOOD)
    [played] = verdict.runs

    assert played.passed, "\n".join(lines_about(verdict))
    assert [event.data["response"] for event in played.trace.of("tool")] == ["Ordered rye.", "Paid 4 euros."]
    assert played.trace.of("summary")[0].data["data"] == {"raw": "One rye bread for 4 euros."}
    assert {request["model"] for request in requests} == {"house"}


def test_the_model_is_offered_what_the_step_offers_and_sees_the_results(run):
    """After a result it speaks first, so no function of the agent is offered."""
    _, requests = run(*GOOD)

    assert [offered(request) for request in requests[:5]] == [
        ["next_step", "order"],
        ["next_step", "order"],
        [],
        ["pay"],
        [],
    ]
    assert "Take the payment." in requests[2]["messages"][0]["content"]
    assert "Take the order." not in requests[2]["messages"][0]["content"]
    assert requests[2]["messages"][-1]["content"] == "Ordered rye."


def test_each_run_is_a_call_of_its_own(run):
    verdict, requests = run(*GOOD, *GOOD, *GOOD, runs=3)

    assert [played.passed for played in verdict.runs] == [True, True, True]
    assert len(requests) == 3 * len(GOOD)
    assert len({played.trace.of("call")[0].data["call_id"] for played in verdict.runs}) == 3


@pytest.mark.parametrize(("passes", "passed"), [(2, True), (3, False)])
def test_a_model_must_pass_as_often_as_the_scenario_says(run, passes, passed):
    verdict, _ = run(*GOOD, *FORGETFUL, *GOOD, runs=3, passes=passes)

    assert [played.passed for played in verdict.runs] == [True, False, True]
    assert verdict.passed is passed


def test_a_veto_in_one_run_fails_all(run):
    cursing = (GREETING, Says("One rye bread, damn it."), Says("Thank you."), Says("None."))
    verdict, _ = run(*GOOD, *cursing, *GOOD, runs=3, passes=1, more='[veto]\nsaid = ["damn"]')

    assert not verdict.passed
    assert "  veto: 'damn' is said" in lines_about(verdict)


@pytest.mark.parametrize("failing", [Fails(400, message="no such model"), Breaks("Bakery, good")])
def test_a_model_that_fails_is_a_finding(run, failing):
    verdict, _ = run(failing, *GOOD[1:])

    assert any(line.startswith("  finding: model: the model failed") for line in lines_about(verdict))
