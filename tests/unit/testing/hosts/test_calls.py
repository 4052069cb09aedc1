"""Calls to a host for tests: what they show, and what they expect."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

import pytest

from agenthost import AgentBase, FunctionResult, SipAlias, hookimpl
from agenthost.testing import HermeticHost
from agenthost.testing.platform import Caller, Fault, FunctionCall, ModelTurn, PlatformOptions


class Clinic(AgentBase):
    """Books visits."""

    def __init__(self):
        super().__init__(name="clinic", route="/clinic", fallback="I can't reach the calendar.")
        self.prompt_add_section("Role", "You answer the phone of a clinic.")
        self.set_post_prompt("Summarise the call.")
        steps = self.define_contexts().add_context("default")
        steps.add_step("identify").set_text("Ask for the date of birth.").set_functions(["identify", "desk"])
        steps.add_step("book").set_text("Book a visit.").set_functions(["book"])
        self.summaries = []

    @AgentBase.tool
    def identify(self, born: str) -> FunctionResult:
        """Identify the patient."""
        return FunctionResult("Thank you.").update_global_data({"born": born}).swml_change_step("book")

    @AgentBase.tool
    async def book(self, day: Literal["mon", "tue"]) -> FunctionResult:
        """Book a visit."""
        await self.state.incr("visits")
        return FunctionResult(f"Booked for {day}.").say(f"See you on {day}.")

    @AgentBase.tool
    def desk(self) -> FunctionResult:
        """Connect the desk."""
        return FunctionResult("One moment.").hand_over("desk")

    def on_summary(self, summary, raw_data=None):
        self.summaries.append(summary)


class Desk(AgentBase):
    """Answers questions."""

    def __init__(self):
        super().__init__(name="desk", route="/desk", sip=("desk",))
        self.prompt_add_section("Role", "You sit at the desk.")

    @AgentBase.tool
    def hours(self) -> str:
        """Tell the opening hours."""
        return "We are open until five."


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def host(agenthost_host, clinic):
    return agenthost_host.add(clinic).add(Desk())


def test_a_call_from_beginning_to_end(host, clinic):
    """Document, prompt and tools are those of the moment."""
    call = host.call("/clinic", caller="+15550123")

    assert (call.agent, call.step, call.context) == ("/clinic", "identify", "default")
    assert set(call.tools) == {"identify", "desk", "next_step"}
    assert "You answer the phone of a clinic." in call.prompt
    assert "Ask for the date of birth." in call.prompt
    assert call.document["version"] == "1.0.0"
    assert call.tool("book", day="mon").error == "invalid_function"

    call.say("In 1980.", ModelTurn(calls=(FunctionCall("identify", {"born": "1980"}),)))
    assert (call.step, call.global_data) == ("book", {"born": "1980"})
    booked = call.tool("book", day="tue")
    assert (booked.response, booked.said) == ("Booked for tue.", "See you on tue.")
    call.hang_up(summary={"day": "tue"})

    call.expect.tool("book", day="tue").tools_in_order("identify", "book").said("See you on tue.").hops("/clinic")
    call.expect.global_data(born="1980").summary(day="tue").ended("caller").agent("/clinic").action("say")
    assert clinic.summaries == [{"day": "tue"}]
    assert host.state("clinic").get("visits") == 1


def test_a_hand_over_is_followed(host):
    call = host.call("clinic")
    call.tool("desk")

    assert call.follow() == call.agent == "/desk"
    assert call.tools == ("hours",)
    assert call.tool("hours").response == "We are open until five."
    call.expect.hops("/clinic", "/desk").agent("/desk").going_on().no_findings()
    with pytest.raises(AssertionError, match="handed over to another agent, but it stays with /desk"):
        call.follow()


def test_a_hand_over_before_the_first_words(host):
    call = host.call("/clinic", turns=(ModelTurn(calls=(FunctionCall("desk"),)),))

    assert call.follow("/desk") == "/desk"


def test_a_hand_over_elsewhere(host):
    call = host.call("/clinic")
    call.tool("desk")

    with pytest.raises(AssertionError, match="handed over to /billing, but it went to /desk"):
        call.follow("/billing")


def test_the_model_of_the_host_answers(host):
    """The offline model, as long as the configuration names no other."""
    call = host.call("/desk")
    answer = call.say("Tell me the opening hours.")

    assert "We are open until five." in answer.said
    call.expect.tool("hours")


def test_a_call_to_an_address(host):
    """The host decides on the agent, with its plugins."""

    class Aliases:
        @hookimpl
        def sip_aliases(self):
            return [SipAlias("hospital", "clinic")]

    host.add_plugin(Aliases())

    assert host.sip("sip:desk@acme.example").agent == "/desk"
    assert host.sip("sip:hospital@acme.example", caller="sip:ann@home.example").agent == "/clinic"
    assert host.sip("sip:nobody@acme.example").cause == "script_error"


def test_a_call_to_an_agent_without_tools(host):
    """Nothing in the document names the agent."""
    host.add(AgentBase("porter", "/porter"))

    call = host.sip("sip:porter@acme.example")
    assert (call.agent, call.hops) == ("/porter", ("/porter",))
    call.expect.agent("/porter").hops("/porter")


def test_an_address_that_is_redirected(host):
    """The platform follows a redirect to the agent."""
    host.config('[sip]\nmode = "redirect"\n')

    assert host.sip("sip:desk@acme.example").agent == "/desk"


def test_a_chat_session(host):
    call = host.chat("desk", user={"plan": "pro"})

    assert call.tool("hours").response == "We are open until five."


def test_a_public_url_and_credentials(host):
    """The platform reaches the host by the address in its documents."""
    host.config('[host]\npublic_url = "https://agents.example"\npassword = "s3:c@ret/"\n')

    assert host.call("/desk").tool("hours").response == "We are open until five."


def test_faults_are_injected(host):
    """A lost answer is repeated by the platform, and this tool is not idempotent."""
    call = host.call("/clinic", options=PlatformOptions(faults=(Fault("lost", "book"),)))
    call.tool("identify", born="1980")
    call.tool("book", day="mon")

    assert host.state("clinic").get("visits") == 2


def test_who_calls(host):
    who = Caller(number="+15550123", name="Ann", dialled="+15550999")

    assert host.call("/desk", caller=who).trace.of("call")[0].data["from"] == "+15550123"


def test_two_runs_give_the_same_trace():
    """Byte for byte, with another host."""
    traces = []
    for _ in range(2):
        with HermeticHost() as host:
            call = host.add(Clinic()).add(Desk()).call("/clinic")
            call.tool("identify", born="1980")
            call.tool("book", day="tue")
            call.hang_up("Booked.")
            traces.append(call.trace.encode())

    assert traces[0] == traces[1]


def test_an_agent_that_is_not_there(host):
    with pytest.raises(LookupError, match=r"no agent 'x'\. There are: clinic, desk"):
        host.call("x")
    assert host.call("/x").cause == "script_error"


FAILED = {
    "tool('book', day='mon')": "expected a call of book(day='mon'), not of [{'day': 'tue'}]",
    "tool('cancel')": "expected a call of cancel()",
    "no_tool('book')": "expected no call of book",
    "no_tool()": "expected no call of identify, book",
    "tools_in_order('book', 'identify')": "expected calls of book, identify in this order",
    "said('Goodbye')": "expected the words 'Goodbye'",
    "not_said('See you')": "expected the agent not to say 'See you'",
    "action('hangup')": "expected the action hangup",
    "action('say', 'x')": "expected the action say with 'x', not ['See you on tue.']",
    "agent('/desk')": "expected the agent at /desk to have the call, not /clinic",
    "hops('/desk')": "expected the hops ('/desk',), not ('/clinic',)",
    "step('identify')": "expected the step 'identify', not 'book'",
    "global_data(born='1990')": "expected the global data {'born': '1990'}, not {'born': '1980'}",
    "summary('mon')": "expected a summary with ['mon'], not []",
    "ended()": "expected the call to end, not to go on",
    "ended('hangup')": "expected the call to end by hangup, not to go on",
}


@pytest.mark.parametrize("expectation", FAILED)
def test_an_expectation_that_fails_shows_the_call(host, expectation):
    call = host.call("/clinic")
    call.tool("identify", born="1980")
    call.tool("book", day="tue")

    with pytest.raises(AssertionError, match=re.escape(FAILED[expectation])) as failed:
        eval(f"call.expect.{expectation}")  # noqa: S307 - the text of this table
    lines = str(failed.value).splitlines()
    assert "  /clinic      tool: book(day='tue') → Booked for tue." in lines
    assert "  /clinic      step: default/book" in lines


def test_an_expectation_of_a_call_that_has_ended(host):
    call = host.call("/clinic")
    call.hang_up()

    with pytest.raises(AssertionError, match="expected the call to go on: it ended by caller"):
        call.expect.going_on()
    assert call.transcript.splitlines()[-1] == "  /clinic      ended: caller"


class TestConversations:
    """Agents in text."""

    def test_turns_of_a_conversation(self, host):
        talk = host.talk("desk")
        reply = talk.say("Tell me the opening hours.")

        assert "We are open until five." in reply.text
        assert (reply.agent, reply.tools, reply.path, reply.handed_to) == ("desk", ("hours",), ("desk",), None)
        assert talk.say("Thank you.").tools == ()
        assert len(talk.replies) == 2

    def test_conversations_are_separate(self, host):
        first, second = host.talk("desk"), host.talk("desk", context={"customer": "Ann"})
        first.say("Tell me the opening hours.")
        second.say("Hello.")

        names = [talk.replies[0].data["agenthost"]["conversation"] for talk in (first, second)]
        assert names[0] != names[1]

    def test_an_agent_that_is_not_there(self, host):
        with pytest.raises(AssertionError, match="nobody does not answer 'Hello': 404"):
            host.talk("nobody").say("Hello")


def test_asynchronous_calls(agenthost_async_host):
    async def body():
        host = agenthost_async_host.add(Clinic()).add(Desk())
        call = await host.call("/clinic")
        await call.say("In 1980.", ModelTurn(calls=(FunctionCall("identify", {"born": "1980"}),)))
        booked = await call.tool("book", day="tue")
        await call.model(ModelTurn("Goodbye."))
        await call.press("1")
        await call.wait(10)
        await call.hang_up("Booked.")
        call.expect.summary("Booked.").ended("caller")
        other = await host.sip("sip:desk@acme.example")
        chat = await host.chat("desk")
        talk = host.talk("desk")
        reply = await talk.say("Tell me the opening hours.")
        return booked.said, other.agent, chat.agent, reply.tools

    assert asyncio.run(body()) == ("See you on tue.", "/desk", "/desk", ("hours",))
