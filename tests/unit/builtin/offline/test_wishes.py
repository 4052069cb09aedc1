"""Requests of people, in words of their own."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from agenthost import ToolSpec
from agenthost.builtin.offline.wishes import agrees, asks, declines, denies, is_question, verbs_of


def tool(name, description=""):
    return ToolSpec(name, description, {"type": "object", "properties": {}})


CANCEL = tool("cancel_order", "Cancel an order that has not been sent")
CHARGE = tool("charge", "Charge a card")
ORDER = tool("order_pizza", "Order a pizza")
REFUND = tool("request_refund", "Refund an order, if the policy allows it")


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("get_pricing", ""),
        ("get_order", "Cancel nothing"),
        ("check_order", ""),
        ("order_status", "Order by order"),
        ("sales_report", ""),
        ("opening_hours", ""),
        ("connect_to_person", ""),
        ("hand_to_senior", ""),
        ("to_support", "Hand over to support"),
        ("price", "Tell the price"),
        ("balance", "Returns the balance"),
        ("timetable", "Say when ferries leave."),
        ("troubleshoot", ""),
        ("whereIsMyOrder", "Where an order is"),
    ],
)
def test_tools_that_change_nothing(name, description):
    assert verbs_of(tool(name, description)) is None


@pytest.mark.parametrize(
    ("name", "description", "verbs"),
    [
        ("cancel_order", "", {"cancel"}),
        ("order_cancel", "", {"cancel"}),
        ("book_visit", "Books a visit", {"book", "reserve", "schedule", "arrange"}),
        ("return_order", "Return an order", {"return"}),
        ("request_refund", "Refund an order", {"request", "refund"}),
        ("upgrade_order", "", {"upgrade"}),
        ("resetPassword", "", {"reset"}),
        ("discard", "Discard orders.", {"discard"}),
        ("house", "Deletes a house", {"delete", "remove", "erase"}),
        ("zap_account", "Zap.", {"zap", "account"}),
        ("weather", "", {"weather"}),
        ("", "", {""}),
    ],
)
def test_tools_that_may_change_something(name, description, verbs):
    """Such tools have known verbs and their synonyms.

    Without a verb, the words of the name count.
    """
    assert verbs_of(tool(name, description)) == verbs


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (CANCEL, "Please cancel order 1042"),
        (CANCEL, "cancel 1042"),
        (CANCEL, "OK then, cancel it."),
        (CANCEL, "No, cancel it"),
        (CANCEL, "Hi, I ordered a laptop and I want to cancel"),
        (CANCEL, "I want to cancel my order"),
        (CANCEL, "I'd like you to cancel order 5"),
        (CANCEL, "I can\u2019t make it, please cancel it"),
        (CANCEL, "Can you cancel order 5?"),
        (CANCEL, "Could I cancel order 5?"),
        (CANCEL, "Where is my order? Cancel it!"),
        (CANCEL, "Let's cancel it"),
        (CANCEL, "Help me cancel it"),
        (CHARGE, "charge my card"),
        (CHARGE, "I want to charge my card"),
        (ORDER, "I want to order a pizza"),
        (ORDER, "order two pizzas"),
        (REFUND, "This is unacceptable! I demand a refund!"),
        (REFUND, "I'd like a refund"),
        (REFUND, "refund order 1022"),
        (REFUND, "Thanks, and refund it"),
        (tool("zap_account"), "Zapping my account, now"),
        (tool("get_order"), "anything"),
    ],
)
def test_what_is_asked_for(asked, text):
    assert asks(text, asked)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (CANCEL, ""),
        (CANCEL, "Where is my order 1042?"),
        (CANCEL, "Don't cancel my order"),
        (CANCEL, "Please do not cancel order 1042"),
        (CANCEL, "Do not, under any circumstances, cancel my order"),
        (CANCEL, "I don't want to cancel"),
        (CANCEL, "How do I cancel my order?"),
        (CANCEL, "What happens if I cancel order 5?"),
        (CANCEL, "If it is late, cancel it"),
        (CANCEL, "Was my order cancelled?"),
        (CANCEL, "Did you cancel my order?"),
        (CANCEL, "I was told to cancel"),
        (CANCEL, "I forgot to cancel"),
        (CANCEL, "They will cancel my order"),
        (CANCEL, "The page says cancel my order"),
        (CANCEL, "Should I cancel?"),
        (CHARGE, "Why was I charged twice?"),
        (CHARGE, "My charge is wrong"),
        (CHARGE, "charge dispute"),
        (CHARGE, "You charge too much"),
        (ORDER, "Where is order 1042"),
        (ORDER, "Order 1042, where is it"),
        (ORDER, "my order is late"),
        (ORDER, "I ordered a pizza"),
        (REFUND, "What is the refund policy"),
        (REFUND, "refund status?"),
        (REFUND, "I want my money back"),
        (tool("zap_account"), "Where is my order?"),
    ],
)
def test_what_is_only_spoken_about(asked, text):
    """A question, a condition, a report, the opposite: nothing is done for any of them."""
    assert not asks(text, asked)


@given(st.text(max_size=200), st.sampled_from([CANCEL, CHARGE, ORDER, REFUND]))
def test_nothing_is_asked_for_without_its_verb(text, asked):
    verbs = verbs_of(asked)
    assert not asks(text, asked) or any(verb in text.casefold() for verb in verbs)


@pytest.mark.parametrize("text", ["Yes", "yes, please", "Sure!", "OK", "Please do", "do it", "go ahead", "Sí", "ja"])
def test_a_yes(text):
    assert agrees(text)
    assert not declines(text)


@pytest.mark.parametrize("text", ["no", "No, thanks", "never mind", "Don\u2019t", "stop", "not now", "forget it"])
def test_a_no(text):
    assert declines(text)
    assert not agrees(text)


@pytest.mark.parametrize(
    "text", ["Yesterday", "Okra", "yes, but don't", "Normal", "", "No idea what the number of it was"]
)
def test_neither(text):
    assert not agrees(text)
    assert not declines(text)


def test_what_is_denied():
    assert denies("Don't cancel it", CANCEL)
    assert not denies("It does not work", CANCEL)
    assert not denies("Cancel it", CANCEL)
    assert not denies("Don't", tool("get_order"))


@pytest.mark.parametrize(
    ("text", "question"),
    [("Where is it", True), ("It is here?", True), ("Is it here", True), ("It is here", False), ("", False)],
)
def test_a_question(text, question):
    assert question is is_question(text)
