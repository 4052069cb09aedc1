"""Turns of one agent: prompt, tools and history, with models for each case."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Literal

import attrs
import pytest
from attrs import define, field
from plans import built

from agenthost import (
    AgentBase,
    Completion,
    ConversationRefused,
    Escalation,
    FunctionResult,
    Message,
    ModelNonsense,
    ModelProvider,
    Redactor,
    ToolUse,
    Usage,
    Words,
)
from agenthost._host.calls.tool_caller import ToolCaller
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import AgentConfig
from agenthost._host.packages.stages import Built
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import make_runtime, with_secrets
from agenthost._host.text.conversations import SOON, Conversations
from agenthost.conversation.turns import Said, ToolEnded, ToolStarted
from agenthost.state import Store

UNREADABLE = (
    "The arguments cannot be read. Send one JSON object: "
    '{"product": <one of: basic, pro>, "seats": <an integer, optional>}'
)


class Sales(AgentBase):
    """Sells."""

    def __init__(self):
        super().__init__("sales", "/sales", fallback="Sales is out for lunch.")
        self.prompt_add_section("Role", "You sell bicycles.", bullets=["The customer: ${global_data.customer}"])
        self.define_tool("elsewhere", "Ask elsewhere", {}, webhook_url="https://elsewhere.example/x")

    @AgentBase.tool
    def price(self, product: Literal["basic", "pro"], seats: int = 1) -> str:
        """Tell the price of a product."""
        return f"{product} costs ${99 * seats}."

    @AgentBase.tool
    def fail(self) -> str:
        """Fail."""
        raise ConnectionError("the till is on fire")

    @AgentBase.tool
    def support(self) -> FunctionResult:
        """Hand over to support."""
        return FunctionResult("Support will help.").hand_over("support")

    @AgentBase.tool
    def phone(self) -> FunctionResult:
        """Connect to a person."""
        return FunctionResult("A person will help.").connect("+15550100")

    @AgentBase.tool
    def lookalike(self) -> FunctionResult:
        """Connect to an address that only looks like an agent."""
        return FunctionResult("Somebody will help.").connect("agenthost:support")

    @AgentBase.tool
    def urgent(self) -> FunctionResult:
        """Ask for somebody else."""
        return FunctionResult("Noted.").add_action("escalate", "angry customer").say("One moment.")


class Support(AgentBase):
    """Supports."""

    def __init__(self):
        super().__init__("support", "/support")
        self.prompt_add_section("Role", "You support.")

    @AgentBase.tool
    async def wait_long(self) -> str:
        """Wait."""
        await asyncio.sleep(30)
        return "Waited."


@define
class Script:
    """A model that returns given answers and records its requests."""

    name: str = "script"
    answers: list = field(factory=list)
    asked: list = field(factory=list)

    async def answer(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = await answer()
        for word in answer.text.split(" ") if answer.text else ():
            yield Words(word if word == answer.text.split(" ")[0] else f" {word}")
        yield answer


def says(text):
    return Completion(text, usage=Usage(2, 1))


def calls(*uses):
    return Completion("", tuple(ToolUse(f"u{n}", name, arguments) for n, (name, arguments) in enumerate(uses)))


@define
class Host:
    """A host without a port."""

    plan: object
    conversations: Conversations
    model: Script

    async def say(self, text, *, agent="sales", conversation="c-1", **options):
        return await self.conversations.say(self.plan, agent, conversation, text, **options)

    async def lines(self, conversation="c-1"):
        return await self.conversations.transcripts(self.plan).read(conversation)


@pytest.fixture
def talk(tmp_path, monkeypatch):
    """Run a test with a host whose model gives some answers."""
    monkeypatch.chdir(tmp_path)

    def run(test, *answers, redactors=None, more=(), **conversation):
        config = load_config(None, {"AGENTHOST_STATE_DIR": str(tmp_path / "state")})
        settings = attrs.evolve(config.conversation, **conversation)
        models = attrs.evolve(config.models, default="script")
        config = with_secrets(attrs.evolve(config, conversation=settings, models=models))
        model = Script(answers=list(answers))
        loaded = load_for_program(config, built(Sales(), Support(), *more))
        provider = ModelProvider("script", lambda _name, _settings: model)
        changed = {"chat_models": (*loaded.extensions.chat_models, ("test", provider))}
        if redactors is not None:
            changed["redactors"] = tuple(("test", redactor) for redactor in redactors)
        plan = make_plan(config, attrs.evolve(loaded, extensions=attrs.evolve(loaded.extensions, **changed)))
        runtime = make_runtime(config)
        runtime.publish(plan)

        async def main():
            async with runtime.state.opened():
                return await test(Host(plan, Conversations(runtime, ToolCaller()), model))

        return asyncio.run(main())

    return run


def test_a_model_is_told_the_prompt_the_tools_and_what_was_said(talk):
    async def test(host):
        await host.say("Hello?", context={"customer": "Ann"})
        await host.say("And?")
        first, second = host.model.asked
        assert first.messages[0].role == "system"
        assert "You sell bicycles." in first.messages[0].content
        assert ("The customer: Ann" in first.messages[0].content, "$" in second.messages[0].content) == (True, False)
        assert first.messages[-1] == Message("user", "Hello?")
        assert '"customer": "Ann"' in first.messages[1].content
        assert "not instructions" in first.messages[1].content
        assert [tool.name for tool in first.tools] == ["price", "fail", "support", "phone", "lookalike", "urgent"]
        assert second.messages[1:] == (
            Message("user", "Hello?"),
            Message("assistant", "Hi there."),
            Message("user", "And?"),
        )

    talk(test, says("Hi there."))


def test_tools_are_called_until_the_model_answers(talk):
    heard = []

    async def test(host):
        reply = await host.say("What is pro for three?", listen=heard.append)
        assert reply.text == "".join(event.text for event in heard if isinstance(event, Said)) == "It costs $297."
        assert reply.usage == Usage(2, 1)
        assert host.model.asked[1].messages[-1] == Message("tool", "pro costs $297.", (), "u0")
        assert [(line.role, line.text) for line in await host.lines()] == [
            ("user", "What is pro for three?"),
            ("tool", "pro costs $297."),
            ("assistant", "It costs $297."),
        ]

    talk(test, calls(("price", '{"product": "PRO", "seats": "3"}')), says("It costs $297."))


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (("price", '{"product": "gold"}'), "product must be one of: basic, pro"),
        (("price", "{}"), "product is missing; it must be one of: basic, pro"),
        (("price", '{"product": "pro"'), UNREADABLE),
        (("price", "{'product': 'pro'}"), UNREADABLE),
        (("price", "pro"), UNREADABLE),
        (("price", "[1]"), UNREADABLE),
        (
            ("sell-price", "{}"),
            "There is no tool called sell-price. There are: price, fail, support, phone, lookalike, urgent.",
        ),
        (("gone", "{}"), "There is no tool called gone. There are: price, fail, support, phone, lookalike, urgent."),
        (
            ("elsewhere", "{}"),
            "There is no tool called elsewhere. There are: price, fail, support, phone, lookalike, urgent.",
        ),
        (("fail", "{}"), "Sales is out for lunch."),
    ],
    ids=["choice", "missing", "broken", "quotes", "prose", "list", "dash", "unknown", "elsewhere", "fails"],
)
def test_a_model_that_calls_a_tool_wrongly_is_told(talk, use, told):
    async def test(host):
        heard = []
        reply = await host.say("Hello", listen=heard.append)
        assert host.model.asked[1].messages[-1].content == told
        assert [(event.tool, event.result, event.failed) for event in heard if isinstance(event, ToolEnded)] == [
            (use[0], told, True)
        ]
        assert reply.text == "Sorry."

    talk(test, calls(use), says("Sorry."))


def test_an_escalation_in_a_turn_is_in_the_reply(talk):
    """The agent that took over does not request another one."""

    async def test(host):
        reply = await host.say("Where is my bicycle?", agent="desk")
        assert (reply.agent, reply.escalate) == ("support", "angry customer")
        assert (await host.lines())[-1].more["escalate"] == "angry customer"

        reply = await host.say("Thank you", agent="desk")
        assert reply.escalate is None

    answers = calls(("urgent", "{}")), says("Noted."), says("I am sorry.")
    talk(test, *answers, more=[Escalation("desk", ["sales", "support"])])


def test_a_loop_of_tools_ends(talk):
    """The last request offers no tools.

    If the model still calls one, the agent's fallback is the answer.
    """

    async def test(host):
        reply = await host.say("Hello")
        assert [bool(request.tools) for request in host.model.asked] == [True, True, True, False]
        assert reply.text == "Sales is out for lunch."
        assert [line.role for line in await host.lines()] == ["user", "tool", "tool", "tool", "assistant"]

    talk(test, calls(("price", '{"product": "pro"}')), rounds=3)


def test_only_some_tools_run_at_once(talk):
    heard = []

    async def test(host):
        await host.say("Hello", listen=heard.append)
        assert [event.failed for event in heard if isinstance(event, ToolEnded)] == [False] * 8 + [True] * 2

    talk(test, calls(*[("price", '{"product": "pro"}')] * 10), says("Well."))


def test_a_conversation_that_is_handed_over_stays_there(talk):
    async def test(host):
        reply = await host.say("Help!")
        assert (reply.agent, reply.handed_to, reply.path) == ("support", "support", ("sales", "support"))
        assert reply.text == "Support will help.\n\nI am here."
        assert '"from": "sales"' in host.model.asked[1].messages[-2].content
        assert (await host.say("Still there?")).agent == "support"
        assert (await host.say("Hello", agent="sales", conversation="c-2")).agent == "sales"

    talk(test, calls(("support", "{}")), says("I am here."))


def test_an_address_is_no_hand_over_whatever_it_looks_like(talk):
    async def test(host):
        reply = await host.say("Help!")
        assert (reply.agent, reply.handed_to) == ("sales", None)
        assert reply.escalate == "lookalike connects the caller to agenthost:support"

    talk(test, calls(("lookalike", "{}")), says("Well."))


class Slow(AgentBase):
    """Takes its time for what a test names."""

    def __init__(self, late):
        super().__init__("sales", "/sales", fallback="Sales is out for lunch.")
        self.late = late
        if late == "configuration":
            self.set_dynamic_config_callback(self.configure)

    def configure(self, _query, _body, _headers, _agent):
        time.sleep(0.3)

    @AgentBase.tool
    def price(self) -> str:
        """Tell the price of a product."""
        time.sleep(0.3 if self.late == "tool" else 0)
        return "It costs $99."


@pytest.mark.parametrize(
    ("late", "section"),
    [("tool", AgentConfig(tool_timeout=0.05)), ("configuration", AgentConfig(document_timeout=0.05))],
)
def test_an_agents_own_limits_hold_in_text(tmp_path, monkeypatch, late, section):
    """``[agents.sales]`` bounds its code as on a call, whatever ``[host]`` allows everyone else."""
    monkeypatch.chdir(tmp_path)
    config = load_config(None, {"AGENTHOST_STATE_DIR": str(tmp_path / "state")})
    config = with_secrets(attrs.evolve(config, models=attrs.evolve(config.models, default="script")))
    model = Script(answers=[calls(("price", "{}")), says("Sorry.")])
    loaded = load_for_program(config, [Built.in_code("sales", Slow(late), section)])
    provider = ModelProvider("script", lambda _name, _settings: model)
    extensions = attrs.evolve(loaded.extensions, chat_models=(("test", provider),))
    plan = make_plan(config, attrs.evolve(loaded, extensions=extensions))
    runtime = make_runtime(config)
    runtime.publish(plan)

    async def main():
        async with runtime.state.opened():
            host = Host(plan, Conversations(runtime, runtime.caller), model)
            reply = await host.say("How much?")
            return reply.text, [request.messages[-1].content for request in model.asked[1:]]

    text, told = asyncio.run(main())

    assert "Sales is out for lunch." in (text, *told)
    assert "It costs $99." not in told


@pytest.mark.parametrize(
    ("tool", "reason", "text"),
    [
        ("phone", "phone connects the caller to +15550100", "Done."),
        ("urgent", "angry customer", "One moment.\n\nDone."),
    ],
)
def test_a_tool_can_ask_for_somebody_else(talk, tool, reason, text):
    async def test(host):
        reply = await host.say("Hello")
        assert (reply.escalate, reply.text) == (reason, text)

    talk(test, calls((tool, "{}")), says("Done."))


def test_the_next_turn_is_told_which_tools_ran(talk):
    """Also when the turn failed, or was handed over."""

    async def test(host):
        with pytest.raises(ModelNonsense):
            await host.say("The price?")
        await host.say("The price? Please!")
        told = host.model.asked[-1].messages
        assert [message.role for message in told] == ["system", "user", "assistant", "tool", "assistant", "user"]
        assert told[2].tool_uses == (ToolUse("call_1_1", "price", '{"product": "pro"}'),)
        assert told[3] == Message("tool", "pro costs $99.", (), "call_1_1")

    talk(test, calls(("price", '{"product": "pro"}')), ModelNonsense("no."), says("$99."))


def test_an_agent_that_takes_over_is_told_what_was_done(talk):
    async def test(host):
        await host.say("The price? And help!")
        background = host.model.asked[-1].messages[-2].content
        assert '"text": "price({\\"product\\": \\"pro\\"}) returned: pro costs $99."' in background
        assert '"kind": "result"' in background

    talk(test, calls(("price", '{"product": "pro"}')), calls(("support", "{}")), says("I am here."))


def test_words_and_tools_of_a_turn_that_was_cut_off_are_told(talk):
    """A tool that had begun may have had its effect."""

    async def test(host):
        begun = asyncio.Event()

        def hear(event):
            if isinstance(event, ToolStarted):
                begun.set()

        task = asyncio.create_task(host.say("Hello", agent="support", listen=hear))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await host.say("Well?", agent="support")
        told = host.model.asked[-1].messages
        assert told[2].tool_uses[0].name == "wait_long"
        assert "may have taken effect" in told[3].content
        assert told[4].content.startswith("[The turn failed")

    talk(test, calls(("wait_long", "{}")), says("Yes."))


def test_tool_calls_are_stored_as_they_happen(talk):
    """A result is in the transcript while the model answers."""
    seen = []

    async def test(host):
        async def look():
            await asyncio.sleep(10 * SOON)
            seen.append([(line.role, line.text) for line in await host.lines()])
            return says("Done.")

        host.model.answers.append(look)
        await host.say("What is pro for three?")
        assert seen == [[("user", "What is pro for three?"), ("tool", "pro costs $297.")]]
        assert len(await host.lines()) == 3

    talk(test, calls(("price", '{"product": "pro", "seats": 3}')))


def test_a_result_is_stored_with_the_end_if_the_model_answers_at_once(talk, monkeypatch):
    """The message, the call before it runs, and the end are three writes."""
    written = []
    written_by = Store.compare_and_set

    async def counted(self, key, value, version, **more):
        written.append(key)
        return await written_by(self, key, value, version, **more)

    async def test(host):
        monkeypatch.setattr(Store, "compare_and_set", counted)
        await host.say("What is pro for three?")
        assert written == ["c-1"] * 3
        assert [line.role for line in await host.lines()] == ["user", "tool", "assistant"]

    talk(test, calls(("price", '{"product": "pro", "seats": 3}')), says("Done."))


def test_what_fails_is_in_the_transcript(talk):
    async def test(host):
        with pytest.raises(ModelNonsense):
            await host.say("Hello")
        assert [(line.role, line.text) for line in await host.lines()] == [
            ("user", "Hello"),
            ("failure", "ModelNonsense: no."),
        ]
        assert (await host.say("Again")).text == "Yes."

    talk(test, ModelNonsense("no."), says("Yes."))


def test_the_words_are_stored_before_anything_runs_and_also_when_nobody_waits(talk):
    stored, reached = [], asyncio.Event()

    async def test(host):
        async def hang():
            stored.extend(await host.lines())
            reached.set()
            await asyncio.sleep(60)

        host.model.answers[:] = [hang, says("Yes.")]
        task = asyncio.create_task(host.say("Hello"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [line.text for line in stored] == ["Hello"]
        assert [line.role for line in await host.lines()] == ["user", "failure"]
        assert (await host.say("Again")).text == "Yes."

    talk(test, says(""))


def test_turns_of_one_conversation_wait_for_each_other(talk):
    """Each turn has the earlier answers, in the order of arrival.

    Other conversations do not wait.
    """

    async def test(host):
        await asyncio.gather(*(host.say(f"Number {n}") for n in range(12)), host.say("Alone", conversation="c-2"))
        lines = await host.lines()
        assert [(line.turn, line.role) for line in lines] == [
            (turn, role) for turn in range(1, 13) for role in ("user", "assistant")
        ]
        asked = [request for request in host.model.asked if request.messages[-1].content != "Alone"]
        assert [len(request.messages) for request in asked] == [2 * n + 2 for n in range(12)]

    talk(test, says("Yes."))


def test_a_long_transcript_stays_whole(talk):
    """It has several entries in the store.

    The model gets the end of it.
    """

    async def test(host):
        for number in range(30):
            await host.say(f"{number} " + "x" * 2000)
        lines = await host.lines()
        assert [line.turn for line in lines if line.role == "user"] == list(range(1, 31))
        assert len(lines) == 60
        assert len(host.model.asked[-1].messages) == 6

    talk(test, says("y" * 2000), history=4)


@pytest.mark.parametrize(
    ("conversation", "text"),
    [("", "Hello"), ("a b", "Hello"), ("x" * 129, "Hello"), ("c-1", "  "), ("c-1", "x" * 16385)],
)
def test_what_cannot_be_taken_is_refused(talk, conversation, text):
    async def test(host):
        with pytest.raises(ConversationRefused):
            await host.say(text, conversation=conversation)
        assert await host.lines() == ()

    talk(test, says("Yes."))


def test_transcripts_are_redacted(talk):
    """Messages, answers, arguments and results are.

    The model of this turn reads the original text.
    """

    def without_pro(text):
        return text.replace("pro", "[…]")

    async def test(host):
        await host.say("pro?")
        assert host.model.asked[0].messages[-1].content == "pro?"
        assert "pro" not in json.dumps([line.to_json() for line in await host.lines()])
        await host.say("again")
        assert host.model.asked[-1].messages[1].content == "[…]?"

    talk(test, calls(("price", '{"product": "pro"}')), says("pro it is"), redactors=[Redactor("pro", without_pro)])


def test_a_redactor_that_fails_stores_nothing(talk):
    def fails(text):
        raise ValueError(text)

    async def test(host):
        await host.say("Hello")
        assert {line.text for line in await host.lines()} == {"[not stored: redaction failed]"}

    talk(test, says("Yes."), redactors=[Redactor("fails", fails)])


def test_what_a_program_keeps_itself_counts(talk):
    async def test(host):
        await host.say("And now?", history=[Message("user", "Hi"), Message("assistant", "Ho")])
        assert [message.content for message in host.model.asked[0].messages[1:]] == ["Hi", "Ho", "And now?"]

    talk(test, says("Yes."))


def test_a_turn_that_takes_too_long_ends(talk):
    async def test(host):
        async def hang():
            await asyncio.sleep(60)

        host.model.answers[:] = [hang]
        with pytest.raises(TimeoutError):
            await host.say("Hello")
        assert (await host.lines())[-1].text == "the turn took too long"

    talk(test, says(""), timeout=1)


def test_hosts_that_share_a_store_take_turns_too(tmp_path, monkeypatch):
    """Each turn of a conversation has all earlier ones, on two hosts with one store."""
    monkeypatch.chdir(tmp_path)
    config = with_secrets(load_config(None, {"AGENTHOST_STATE_DIR": str(tmp_path / "state")}))
    models = attrs.evolve(config.models, default="script")
    config = attrs.evolve(config, models=models)
    model = Script(answers=[says("Yes.")])

    def host():
        loaded = load_for_program(config, built(Sales()))
        provider = ModelProvider("script", lambda _name, _settings: model)
        extensions = attrs.evolve(loaded.extensions, chat_models=(("test", provider),))
        plan = make_plan(config, attrs.evolve(loaded, extensions=extensions))
        runtime = make_runtime(config)
        runtime.publish(plan)
        return runtime, Host(plan, Conversations(runtime, ToolCaller()), model)

    async def main():
        (one, first), (two, second) = host(), host()
        async with one.state.opened(), two.state.opened():
            await asyncio.gather(*((first, second)[n % 2].say(f"Number {n}") for n in range(10)))
            return await first.lines()

    lines = asyncio.run(main())
    assert [(line.turn, line.role) for line in lines] == [
        (turn, role) for turn in range(1, 11) for role in ("user", "assistant")
    ]
    assert sorted(len(request.messages) for request in model.asked) == [2 * n + 2 for n in range(10)]


def test_a_conversation_is_known_to_its_principal_alone(talk):
    """The id of another principal's conversation begins a new one."""

    async def test(host):
        await host.say("my card is 4111", principal="one")
        await host.say("Hello", principal="two")
        for principal, said in (("one", ["my card is 4111", "Noted."]), ("two", ["Hello", "Noted."])):
            lines = await host.conversations.transcripts(host.plan, principal).read("c-1")
            assert [line.text for line in lines] == said
        assert await host.lines() == ()
        assert [message.content for message in host.model.asked[-1].messages[1:]] == ["Hello"]

    talk(test, says("Noted."))
