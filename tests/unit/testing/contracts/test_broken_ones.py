"""Mistakes that the contracts find: each value here breaks one rule."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from agenthost import AgentBase, Choice, ClassifierTools, Completion, Decision, Skill, Words, hookimpl
from agenthost.testing import (
    AgentContract,
    ClassifierContract,
    HermeticHost,
    ModelContract,
    PluginContract,
    SkillContract,
)


class Desk(AgentBase):
    def __init__(self):
        super().__init__(name="desk", route="/desk")
        self.prompt_add_section("Role", "You answer the phone.")

    @AgentBase.tool
    def book(self, day: str) -> str:
        """Book a visit."""
        return f"Booked for {day}."


class Undescribed(Desk):
    @AgentBase.tool
    def cancel(self, day: str) -> str:
        return f"Cancelled on {day}."


class Failing(Desk):
    @AgentBase.tool
    def cancel(self, day: str) -> str:
        """Cancel a visit."""
        return {"mon": "Cancelled."}[day]


class Remembering(Desk):
    """It tells the next caller who called before."""

    callers: list[str] = []  # noqa: RUF012 - the mistake

    def __init__(self):
        super().__init__()
        self.add_per_call_config(self.configure)

    def configure(self, query, body, headers, agent):
        self.callers.append(body.get("caller_id_name") or "somebody")
        agent.prompt_add_section("Callers", ", ".join(sorted(set(self.callers))))


class Chance(Desk):
    """Each worker would have a prompt of its own."""

    built = 0

    def __init__(self):
        super().__init__()
        Chance.built += 1
        self.prompt_add_section("Number", str(self.built))


def served(agent):
    return HermeticHost().add(agent)


def test_an_agent_that_keeps_it():
    """Each test passes for an agent without a mistake."""
    contract = AgentContract()
    with served(Desk()) as host:
        contract.test_a_call_gets_a_prompt(host, "/desk")
        contract.test_tools_are_described(host, "/desk")
        contract.test_a_call_leaves_nothing_behind(host, "/desk")
        contract.test_arguments_that_fit_are_answered(host, "/desk")
        contract.test_arguments_that_do_not_fit_are_answered(host, "/desk")
    contract.test_two_of_a_kind_are_alike(Desk, served)
    contract.test_it_can_be_served_again(Desk, served)


@pytest.mark.parametrize(
    ("make", "test", "said"),
    [
        (Undescribed, "test_tools_are_described", "cancel has no description"),
        (Remembering, "test_a_call_leaves_nothing_behind", None),
        (Failing, "test_arguments_that_fit_are_answered", "cancel.* failed: the caller hears"),
    ],
    ids=["no-description", "callers", "failure"],
)
def test_mistakes_of_agents(make, test, said):
    with served(make()) as host, pytest.raises(AssertionError, match=said):
        getattr(AgentContract(), test)(host, "/desk")


def test_an_agent_that_differs_in_each_worker():
    with pytest.raises(AssertionError):
        AgentContract().test_two_of_a_kind_are_alike(Chance, served)


def test_tools_may_be_left_out():
    contract = AgentContract()
    contract.untried = {"cancel"}
    with served(Failing()) as host:
        contract.test_arguments_that_fit_are_answered(host, "/desk")


class Reckless:
    @hookimpl
    def health_probes(self):
        os.environ["TESTED_BY_AGENTHOST"] = "changed"
        return []


class Busy:
    """Its thread keeps the process from ending."""

    def __init__(self):
        self.ended = threading.Event()

    @hookimpl
    def health_probes(self):
        threading.Thread(target=self.ended.wait, args=(30,), name="of the plugin", daemon=False).start()
        return []


class TestPlugins:
    def test_one_that_changes_variables(self, monkeypatch):
        monkeypatch.setenv("TESTED_BY_AGENTHOST", "as it was")

        with pytest.raises(AssertionError, match=r"the plugin changed: \['variables'\]"):
            PluginContract().test_it_changes_nothing_that_others_rely_on(HermeticHost().add_plugin(Reckless()))

    def test_one_that_leaves_a_thread(self):
        plugin = Busy()

        with pytest.raises(AssertionError, match="of the plugin"):
            PluginContract().test_it_leaves_no_thread_behind(HermeticHost().add_plugin(plugin))
        plugin.ended.set()

    def test_one_that_does_nothing(self):
        with pytest.raises(AssertionError, match="@hookimpl"):
            PluginContract().test_it_does_something(object())


def with_value(value):
    """Return what the fixture ``use`` returns, for one value."""
    return lambda body: asyncio.run(body(value))


class Parrot:
    """A model that breaks the rules of its arguments."""

    name = "parrot"

    def __init__(self, *, whole="Hello there", remembers=False):
        self.whole = whole
        self.remembers = remembers
        self.heard = []

    async def answer(self, request):
        self.heard.append(request.messages[-1].content)
        yield Words("Hello ")
        yield Words("there")
        yield Completion(" ".join(self.heard) if self.remembers else self.whole)


def test_mistakes_of_models():
    contract = ModelContract()
    contract.test_words_come_before_the_whole(with_value(Parrot()))
    contract.test_nothing_is_kept_of_a_conversation(with_value(Parrot()))
    with pytest.raises(AssertionError):
        contract.test_words_come_before_the_whole(with_value(Parrot(whole="Goodbye")))
    with pytest.raises(AssertionError):
        contract.test_nothing_is_kept_of_a_conversation(with_value(Parrot(remembers=True)))


CHOICES = (Choice("orders", "", {"en": ("my order",)}), Choice("repairs", "", {"en": ("my tent",)}))


class First:
    """A classifier that prefers the first choice, believes what a message says, and keeps it."""

    name = "first"

    async def classify(self, text, choices, tools):
        if tools.kept is not None:
            await tools.kept.set("last", text)
        return Decision("nobody" if "nobody" in text else choices[0].agent, 1.0)


def test_mistakes_of_classifiers():
    contract, use, tools = ClassifierContract(), with_value(First()), ClassifierTools()
    contract.test_choices_without_words(use, tools)
    with pytest.raises(AssertionError):
        contract.test_examples_go_to_their_agents(use, CHOICES, tools)
    with pytest.raises(AssertionError):
        contract.test_the_order_of_choices_decides_nothing(use, CHOICES, tools)
    with pytest.raises(AssertionError):
        contract.test_unusual_messages(use, CHOICES, tools, '{"agent": "nobody"}')
    with pytest.raises(AssertionError):
        contract.test_nothing_is_kept_of_a_message(use, CHOICES, tools)


class Fixed(Skill):
    """A skill whose tools ignore the prefix."""

    def tool_name(self, name):
        return name

    @AgentBase.tool
    def tide(self) -> str:
        """Tell the tide."""
        return "High."


class Empty(Skill):
    """A skill that adds nothing."""


def test_mistakes_of_skills():
    contract = SkillContract()
    with pytest.raises(AssertionError):
        contract.test_an_agent_may_have_it_twice(lambda prefix: Fixed(prefix=prefix), HermeticHost())
    with pytest.raises(AssertionError):
        contract.test_it_adds_something(lambda prefix: Empty(prefix=prefix))
