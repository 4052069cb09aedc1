"""Router and Escalation: who answers, who stays, who takes over."""

from __future__ import annotations

import asyncio
import time

import pytest
from teams import Host, Leaf, Model, hang, leaves, raising

from agenthost import (
    Decision,
    DefinitionError,
    Escalation,
    Note,
    Reply,
    Router,
    Signal,
    StateUnavailable,
    Unanswered,
)
from agenthost.builtin.state_memory import MemoryEntries
from agenthost.conversation.turns import Escalated, Routed, Said, ToolEnded, ToolStarted


class ByWord:
    """A classifier that selects the agent whose name is in the text.

    It selects none if there are several.
    """

    def __init__(self, name="words"):
        self.name = name
        self.texts = []

    async def classify(self, text, choices, tools):
        """Look for names."""
        self.texts.append(text)
        found = [choice.agent for choice in choices if choice.agent in text]
        ranking = tuple((choice.agent, float(choice.agent in text)) for choice in choices)
        if len(found) == 1:
            return Decision(found[0], 0.9, 0.9, self.name, "its name", ranking)
        return Decision(found[0] if found else None, 0.4, 0.0, self.name, "", ranking)


class Failing:
    """A classifier that fails."""

    name = "failing"

    async def classify(self, text, choices, tools):
        """Fail."""
        raise OSError(text)


class Angry:
    """A detector that sees capitals before, and the word "sorry" after."""

    name = "angry"

    async def before(self, turn):
        """Capitals."""
        return Signal(self.name, "the person shouts") if turn.text.isupper() else None

    async def after(self, turn, outcome):
        """An apology."""
        return Signal(self.name, "the agent gives up") if "sorry" in outcome.reply.text else None


ANGRY = (Angry(),)


class Broken:
    """A detector that fails."""

    name = "broken"

    async def before(self, turn):
        """Fail."""
        raise ValueError(turn)

    async def after(self, turn, outcome):
        """Fail."""
        raise ValueError(outcome)


def router(*agents, model=None, classifiers=None, detectors=(), entries=None, **options):
    names = [agent.name for agent in agents]
    made = Router("router", options.pop("agents", names), **options)
    return Host(
        made, *agents, model=model, classifiers=classifiers or (ByWord(),), detectors=detectors, entries=entries
    )


def desk():
    return leaves(sales="We sell.", billing="We bill.", support="We help.")


def conversation(host, *texts):
    """The replies to several turns of one conversation."""

    async def whole():
        return [await host.say("router", text) for text in texts]

    return asyncio.run(whole())


class TestRouter:
    def test_a_turn_goes_where_it_belongs(self):
        """Listeners get the agent and the confidence."""
        host = router(*desk())
        (reply,) = conversation(host, "about billing please")

        assert (reply.agent, reply.text, reply.path) == ("billing", "We bill.", ("router", "billing"))
        assert host.events == [Routed("router", "billing", "its name", 0.9), Said("billing", "We bill.")]

    def test_it_stays_until_another_is_sure(self):
        """A turn that says nothing of itself belongs to who has the conversation."""
        replies = conversation(router(*desk()), "the sales people", "and then?", "now billing")

        assert [reply.agent for reply in replies] == ["sales", "sales", "billing"]

    def test_a_message_that_says_nothing_stays(self):
        """No classifier is called, unless the message is an example of an agent."""

        class Sure(ByWord):
            async def classify(self, text, choices, tools):
                return Decision("billing", 1.0, 1.0, "sure")

        agents = [Leaf("sales", "We sell."), Leaf("billing", "We bill.", examples=["Thank you"])]
        replies = conversation(router(*agents, classifiers=(Sure(),)), "sales", "yes please", "thank you", "please do")

        assert [reply.agent for reply in replies] == ["sales", "sales", "billing", "billing"]

    def test_nobody_stays_where_that_is_switched_off(self):
        """Then each turn is asked for."""
        replies = conversation(router(*desk(), sticky=False), "the sales people", "and then?")

        assert [reply.agent for reply in replies] == ["sales", "router"]

    def test_it_asks_once_and_reads_both(self):
        """The answer is classified together with the earlier text.

        A second unclear turn gets the best guess.
        """
        words = ByWord()
        host = router(*desk(), classifiers=(words,))
        replies = conversation(host, "hello", "hm", "sales")

        assert replies[0].text.splitlines()[1:] == ["- sales", "- billing", "- support"]
        assert [reply.agent for reply in replies] == ["router", "sales", "sales"]
        assert words.texts == ["hello", "hello\nhm"]

    def test_an_agent_that_is_named_is_reached(self):
        """The answer to the question names an agent, so no classifier is needed."""
        assert conversation(router(*desk(), classifiers=(Failing(),)), "Billing!")[0].agent == "billing"

    @pytest.mark.parametrize(
        ("options", "agent"), [({"fallback_agent": "support"}, "support"), ({"clarify": False}, "sales")]
    )
    def test_the_last_word(self, options, agent):
        """An unclear turn goes to the fallback agent after the question.

        Without a question, it goes there at once.
        """
        *_, last = conversation(router(*desk(), **options), *["hello", "hm"][: 1 if "clarify" in options else 2])

        assert last.agent == agent

    def test_a_real_model_is_asked_when_the_first_is_not_sure(self):
        """The classifier llm, once, and only then."""
        llm = ByWord("llm")
        llm.classify = lambda *_: decided("support")

        async def decided(agent):
            return Decision(agent, 0.9, 0.9, "llm")

        assert conversation(router(*desk(), classifiers=(ByWord(), llm), model=Model("x")), "hm")[0].agent == "support"
        assert conversation(router(*desk(), classifiers=(ByWord(), llm)), "hm")[0].agent == "router"

    def test_a_classifier_that_is_not_there(self):
        """The default classifier is used instead.

        ``check`` reports it.
        """
        assert conversation(router(*desk(), classifier="gone"), "about billing")[0].agent == "billing"

    def test_a_question_is_no_weak_answer(self):
        """It has no confidence that somebody above might take for a reason to escalate."""
        assert conversation(router(*desk()), "hm")[0].confidence is None

    def test_a_label_that_is_no_agent(self):
        """It decides nothing."""

        class Wild(ByWord):
            async def classify(self, text, choices, tools):
                return Decision("nobody", 1.0, 1.0, "wild")

        assert conversation(router(*desk(), classifiers=(Wild(),)), "x")[0].agent == "router"

    def test_an_agent_that_fails_is_replaced(self):
        """The fallback agent finds the reason in its notes."""
        notes = []
        host = router(
            *leaves(sales=raising(Unanswered("closed")), support=lambda turn, _: notes.extend(turn.notes) or "I help."),
            fallback_agent="support",
        )
        (reply,) = conversation(host, "sales")

        assert (reply.agent, reply.text) == ("support", "I help.")
        assert notes == [Note("sales", "reason", "sales gave no answer: closed")]

    def test_the_next_agent_is_told_what_was_done(self):
        """The next agent gets the tool calls of the one before.

        That one failed, handed over, or was escalated.
        """
        ran = Note("sales", "result", 'order({"n": 1}) returned: Order 7 is placed.')
        notes = []

        def ending_with(answer):
            def order(turn, team):
                team.say(ToolStarted("sales", "order", {"n": 1}))
                team.say(ToolEnded("sales", "order", "Order 7 is placed."))
                if isinstance(answer, Exception):
                    raise answer
                return answer

            return leaves(sales=order, support=lambda turn, _: notes.append(turn.notes) or "I help.")

        conversation(router(*ending_with(Unanswered("closed")), fallback_agent="support"), "sales")
        conversation(router(*ending_with(Reply("sales", "I connect you.", handed_to="support"))), "sales")
        agents = ending_with("sorry")
        conversation(router(*agents, agents=["sales"], escalate_to="support", detectors=ANGRY), "sales")

        assert [told[0] for told in notes] == [ran, ran, ran]
        assert [len(told) for told in notes] == [2, 2, 3]

    def test_nobody_answers(self):
        """The router says its own fallback, and why."""
        (reply,) = conversation(router(Leaf("sales", raising(Unanswered("closed"))), fallback="Sorry."), "sales")

        assert (reply.text, reply.escalate) == ("Sorry.", "no agent of router answered (sales: closed)")

    def test_a_hand_over_is_followed(self):
        """It is followed in the same turn, and the conversation stays there.

        Words appear once and in order. Circles end.
        """
        to_billing = Leaf("sales", lambda *_: Reply("sales", "I connect you.", handed_to="billing"))
        to_sales = Leaf("billing", lambda *_: Reply("billing", "We bill.", handed_to="sales"))
        host = router(to_billing, to_sales)
        first, second = conversation(host, "sales", "and?")

        assert first.text == "I connect you.\n\nWe bill."
        assert (first.agent, first.handed_to, first.path) == ("billing", None, ("router", "sales", "billing"))
        assert second.path == ("router", "billing", "sales")
        heard = "".join(event.text for event in host.events if isinstance(event, Said))
        assert heard == first.text + second.text

    def test_a_hand_over_to_somebody_else_is_the_asker_s(self):
        """The router does not know that agent: the conversation goes on there, without it."""
        leaf = Leaf("sales", lambda *_: Reply("sales", "I connect you.", handed_to="elsewhere"))

        assert conversation(router(leaf), "sales")[0].handed_to == "elsewhere"

    def test_a_senior_takes_over(self):
        """The senior agent takes over, and keeps the conversation.

        It does so before an answer if the person shouts, and after it if the agent gives up.
        """
        notes = []
        agents = leaves(
            sales="sorry, I can't",
            billing="We bill.",
            senior=lambda turn, _: notes.append(turn.notes) or "I see to it.",
        )
        host = router(*agents, agents=["sales", "billing"], escalate_to="senior", detectors=(Broken(), Angry()))
        replies = conversation(host, "sales", "hm")
        shouted = asyncio.run(host.say("router", "HELP", conversation="other"))

        assert [reply.agent for reply in replies] == ["senior", "senior"]
        assert notes[0] == (Note("sales", "answer", "sorry, I can't"), Note("sales", "reason", "the agent gives up"))
        assert shouted.agent == "senior"
        assert notes[2] == (Note("router", "reason", "the person shouts"),)
        assert Escalated("router", "sales", "senior", "the agent gives up") in host.events
        assert host.figures.taken_over == ["sales"]

    def test_an_agent_takes_over_by_its_route(self):
        """Events, figures and answers name the key."""
        agents = [Leaf("sales", "sorry, I can't", route="/s"), Leaf("senior", "I see to it.", route="/up")]
        host = Host(Escalation("x", ["/s", "/up"]), *agents, detectors=(Angry(),))

        assert host.run("x").agent == "senior"
        assert Escalated("x", "sales", "senior", "the agent gives up") in host.events
        assert host.figures.taken_over == ["sales"]

    def test_a_store_that_does_not_answer_costs_the_memory_alone(self):
        """Turns are answered, each by itself."""

        class Down(MemoryEntries):
            async def read(self, key):
                raise StateUnavailable("down")

            async def put(self, key, value, ttl):
                raise StateUnavailable("down")

        host = router(*desk(), entries=Down(time.monotonic))

        assert [reply.agent for reply in conversation(host, "sales", "hm")] == ["sales", "router"]


class TestEscalation:
    def host(self, first, *, detectors=ANGRY, second="I see to it.", **options):
        made = Escalation("router", ["first", "second", "third"], **options)
        return Host(made, *leaves(first=first, second=second, third="The boss."), detectors=detectors)

    @pytest.mark.parametrize(
        ("first", "text", "agent", "notes"),
        [
            ("fine", "hello", "first", ()),
            ("fine", "HELLO", "second", (Note("router", "reason", "the person shouts"),)),
            (
                "sorry",
                "hello",
                "second",
                (Note("first", "answer", "sorry"), Note("first", "reason", "the agent gives up")),
            ),
            (
                lambda *_: Reply("first", "Hm.", escalate="a refund"),
                "hello",
                "second",
                (Note("first", "answer", "Hm."), Note("first", "reason", "a refund")),
            ),
            (raising(Unanswered("closed")), "hello", "second", (Note("first", "reason", "closed"),)),
        ],
        ids=["no reason", "before", "after", "asked", "failed"],
    )
    def test_who_answers_and_what_it_knows(self, first, text, agent, notes):
        """The first answer and the reason travel with the turn."""
        known = []
        host = self.host(first, second=lambda turn, _: known.extend(turn.notes) or "I see to it.")
        reply = host.run("router", text)

        assert reply.agent == agent
        assert tuple(known) == notes

    def test_it_stays_where_it_is(self):
        """Unless the agent before had only failed."""
        asked = self.host(lambda turn, _: Reply("first", "Hm.", escalate="why not") if turn.text == "go" else "fine")
        failed = self.host(lambda turn, _: "fine" if turn.text != "go" else 1 / 0)

        assert [reply.agent for reply in conversation(asked, "go", "on")] == ["second", "second"]
        assert [reply.agent for reply in conversation(failed, "go", "on")] == ["second", "first"]

    def test_up_to_the_top(self):
        """Each level may escalate.

        The reply has the wish of the last level, whose failure leaves an earlier answer.
        """
        host = self.host("sorry", second="sorry too")
        assert host.run("router").path == ("router", "first", "second", "third")

        lost = Host(
            Escalation("router", ["first", "second"]), *leaves(first="sorry", second=hang), detectors=(Angry(),)
        )
        reply = lost.run("router", seconds=2.0)
        assert reply.text == "sorry"
        assert reply.escalate.startswith("no answer within 1.")

    def test_named_detectors_alone_are_asked(self):
        """An empty list asks none."""
        assert self.host("sorry", detectors=(Angry(), Broken())).run("router").agent == "second"
        quiet = Host(Escalation("router", ["a", "b"], detectors=[]), *leaves(a="sorry", b="x"), detectors=(Angry(),))
        assert quiet.run("router").agent == "a"

    def test_it_takes_two(self):
        """One agent has nobody to escalate to."""
        with pytest.raises(DefinitionError, match="needs at least two agents"):
            Escalation("x", ["a"])


def test_many_conversations_never_mix():
    """200 conversations run at once, each of three turns.

    Every answer has only the words of its own conversation.
    """

    async def echo(turn, team):
        await asyncio.sleep(0)
        return f"{team.workflow} heard {turn.text}"

    host = router(*leaves(sales=echo, billing=echo))

    async def one(number):
        agent = ("sales", "billing")[number % 2]
        replies = [
            await host.say("router", text, conversation=f"c{number}")
            for text in (f"{agent} {number}", f"again {number}", f"more {number}")
        ]
        assert [reply.text for reply in replies] == [
            f"{agent} heard {agent} {number}",
            f"{agent} heard again {number}",
            f"{agent} heard more {number}",
        ]

    async def whole():
        await asyncio.gather(*(one(number) for number in range(200)))

    asyncio.run(whole())
    assert len(host.figures.outcomes) == 200 * 3 * 2
