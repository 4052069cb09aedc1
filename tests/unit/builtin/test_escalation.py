"""The escalation detectors that are built in."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, strategies as st

from agenthost import Outcome, Reply, Status, Turn
from agenthost.builtin.escalating.wording import asks_for_person
from agenthost.builtin.escalation import (
    Anger,
    Failure,
    LowConfidence,
    Phrases,
    RepeatContact,
    StructuredSignal,
    escalation_detectors,
)
from agenthost.conversation.models import Message


def before(detector, text, history=()):
    turn = Turn("c", text, tuple(Message("user", said) for said in history))
    return asyncio.run(detector.before(turn)) is not None


def after(detector, reply=None, status=Status.OK):
    signal = asyncio.run(detector.after(Turn("c", "hello"), Outcome("sales", status, reply, "it broke")))
    return None if signal is None else (signal.detector, signal.reason)


@pytest.mark.parametrize(
    "text",
    [
        "I want to speak to a manager.",
        "Let me talk to your supervisor",
        "GIVE ME A HUMAN BEING",
        "Get me a real person, not a bot",
        "No, I need a supervisor",
        "I don't want this bot. I want a supervisor",
        "Why can't I speak to a manager?",
        "Why don't you connect me to a manager",
        "I have not been able to get a representative",
        "Escalate this to your supervisor.",
        "supervisor!",
        "A human, please",
        "Quiero hablar con un supervisor",
        "Páseme con el encargado, por favor",
        "No, quiero hablar con una persona",
        "No puedo hablar con un agente humano",
    ],
)
def test_somebody_asks_for_a_person(text):
    assert before(Phrases(), text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't need a supervisor",
        "I do not want to talk to a manager",
        "There is no need to get a supervisor for that",
        "No need to escalate this",
        "Please don't escalate this",
        "I never asked to speak to a manager",
        "To speak to a supervisor is not necessary",
        "My manager told me to order ten",
        "I want to buy a password manager",
        "The managerial report is wrong",
        "How does the task manager show humans",
        "No necesito hablar con un supervisor",
        "No quiero hablar con el gerente",
        "Sin escalar esto, por favor",
        "¿Dónde está mi pedido?",
        "",
    ],
)
def test_nobody_asks_for_a_person(text):
    assert not before(Phrases(), text)


@given(st.sampled_from(["don't", "do not", "never", "didn't"]), st.sampled_from(["", "really ", "even "]))
def test_denial_turns_a_request_into_none(denial, adverb):
    assert asks_for_person(f"I {denial} {adverb}want a supervisor") is None
    assert asks_for_person(f"I {denial} know. I {adverb}want a supervisor") is not None


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=5))
def test_phrases_are_whole_words(letters):
    """A phrase with letters grown onto it is another word."""
    assert not before(Phrases(more=("black card",)), f"my {letters}black card{letters}")
    assert before(Phrases(more=("black card",)), "I have the Black Card!")


@given(st.text(max_size=500))
def test_no_text_breaks_a_detector(text):
    for detector in escalation_detectors():
        before(detector, text, [text, text])
        after(detector, Reply("sales", text))


@pytest.mark.parametrize("text", ["I want to " + "speak to " * 2000, "to with a " * 2000, "!" * 4000, "no " * 4000])
def test_long_texts_take_no_longer_than_they_should(text):
    """Patterns cannot backtrack over a long text, or this test would not end."""
    assert not any(before(detector, text) for detector in (Phrases(), Anger(), RepeatContact()))


@pytest.mark.parametrize(
    ("text", "angry"),
    [
        ("This is unacceptable", True),
        ("I am fed up with your excuses", True),
        ("WHERE IS MY MONEY!!", True),
        ("Esto es una vergüenza", True),
        ("Son unos mentirosos", True),
        ("I'm not angry, only asking", False),
        ("It was not terrible", False),
        ("No estoy enfadada", False),
        ("THE CODE IS ABCDEF", False),
        ("Great, thanks!!", False),
        ("Where can I sue the touchscreen", False),
    ],
)
def test_anger(text, angry):
    assert before(Anger(), text) is angry


@pytest.mark.parametrize(
    ("text", "history", "again"),
    [
        ("This is the third time I write", (), True),
        ("I have contacted you five times already", (), True),
        ("Es la tercera vez que llamo", (), True),
        ("He llamado cuatro veces", (), True),
        ("Where is my order?", ("Where is my order", "where is my order!!"), True),
        ("Where is my order?", ("Where is my order",), False),
        ("yes", ("yes", "yes"), False),
        ("The second item is broken", (), False),
    ],
)
def test_repeat_contact(text, history, again):
    assert before(RepeatContact(), text, history) is again


@pytest.mark.parametrize(
    ("detector", "reply", "status", "expected"),
    [
        (StructuredSignal(), Reply("sales", "", escalate="refund above 100"), Status.OK, "refund above 100"),
        (StructuredSignal(), Reply("sales", "", escalate=""), Status.OK, "the agent escalates"),
        (StructuredSignal(), Reply("sales", "I escalate"), Status.OK, None),
        (StructuredSignal(), None, Status.ERROR, None),
        (LowConfidence(), Reply("sales", "", confidence=0.39), Status.OK, "the agent is 39% sure"),
        (LowConfidence(), Reply("sales", "", confidence=0.4), Status.OK, None),
        (LowConfidence(), Reply("sales", ""), Status.OK, None),
        (LowConfidence(below=0.9), Reply("sales", "", confidence=0.8), Status.OK, "the agent is 80% sure"),
        (Failure(), None, Status.ERROR, "sales failed"),
        (Failure(), None, Status.TIMEOUT, "sales did not answer in time"),
        (Failure(), None, Status.CANCELLED, None),
        (Failure(), None, Status.SKIPPED, None),
        (Failure(), Reply("sales", "done"), Status.OK, None),
        (Phrases(), Reply("sales", "I cannot resolve this for you."), Status.OK, "the agent says: cannot resolve"),
        (Phrases(), Reply("sales", "There is no need to escalate."), Status.OK, None),
        (Phrases(), Reply("sales", "Your order is on its way."), Status.OK, None),
        (Phrases(), None, Status.ERROR, None),
    ],
)
def test_what_became_of_a_turn(detector, reply, status, expected):
    assert after(detector, reply, status) == (None if expected is None else (detector.name, expected))
