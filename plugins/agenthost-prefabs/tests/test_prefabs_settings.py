"""Settings that cannot work are rejected, and answers are read."""

from __future__ import annotations

import pytest
from agenthost_prefabs.faq import Faq, closest
from agenthost_prefabs.info_gatherer import InfoGathererSettings
from agenthost_prefabs.questions import Question
from agenthost_prefabs.receptionist import Department, ReceptionistSettings
from agenthost_prefabs.survey import counted
from hypothesis import given, strategies as st

CHOICE = Question(key="seat", question="Which seat?", kind="choice", options=("stalls", "balcony"))
RATING = Question(key="rating", question="How was it?", kind="rating")
YES = Question(key="again", question="Again?", kind="yes_no")


@pytest.mark.parametrize(
    ("question", "answer", "value"),
    [
        (CHOICE, "Balcony.", "balcony"),
        (CHOICE, "the stalls, please", "stalls"),
        (CHOICE, "stalls or balcony", None),
        (CHOICE, "", None),
        (RATING, "4", 4),
        (RATING, "I would say five!", 5),
        (RATING, "between 2 and 3", None),
        (RATING, "6", None),
        (RATING, "zero", None),
        (YES, "Yes", True),
        (YES, "not really", False),
        (YES, "perhaps", None),
        (Question(key="x", question="X?"), "  Ann ", "Ann"),
        (Question(key="x", question="X?"), " ", None),
    ],
)
def test_answers_are_read(question, answer, value):
    assert question.read(answer) is value or question.read(answer) == value


@given(st.sampled_from((CHOICE, RATING, YES)), st.text())
def test_any_answer_fits_or_not(question, answer):
    value = question.read(answer)

    assert value in (None, True, False, *question.options, *range(1, question.scale + 1))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Department(name="Sales", description="x", agent="s"), "lower case letters"),
        (lambda: Department(name="sales", description=" ", agent="s"), "description must not be empty"),
        (lambda: Department(name="sales", description="x"), "needs exactly one of agent and number"),
        (lambda: Department(name="sales", description="x", agent="s", number="1"), "needs exactly one of"),
        (lambda: Question(key="E mail", question="x"), "lower case letters"),
        (lambda: Question(key="x", question="x", kind="choice", options=("a",)), "two options or more"),
        (lambda: Question(key="x", question="x", options=("a", "b")), "other kinds have none"),
        (lambda: Question(key="x", question="x", kind="rating", scale=1), "between 2 and 10"),
        (lambda: InfoGathererSettings(questions=()), "one question or more"),
        (lambda: InfoGathererSettings(questions=(RATING, RATING)), "two questions have the key 'rating'"),
        (lambda: ReceptionistSettings(company=""), "company must not be empty"),
    ],
)
def test_settings_that_cannot_work_are_rejected(make, reason):
    with pytest.raises(ValueError, match=reason):
        make()


def test_two_departments_of_one_name_are_rejected():
    sales = Department(name="sales", description="x", agent="s")
    with pytest.raises(ValueError, match="two departments are called 'sales'"):
        ReceptionistSettings(departments=(sales, sales))


def test_the_closest_question_needs_words_in_common():
    known = [
        Faq(question="When do you open?", answer="noon"),
        Faq(question="Can I get a refund for my ticket?", answer="yes", words=("money back",)),
    ]

    assert closest("opening hours", known) is known[0]
    assert closest("Money back, please!", known) is known[1]
    assert closest("What is the capital of Peru?", known) is None
    assert closest("", known) is None
    assert closest("open", []) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from((1, 2, 5, None)))))
def test_counts_are_those_of_the_latest_answers(given_answers):
    """Three calls answer, skip and change their answers in any order."""
    counts, latest = {}, {}
    for call, value in given_answers:
        before = {"rating": latest[call]} if call in latest else {}
        counts, latest = counted(counts, RATING, before, value), {**latest, call: value}

    values = [*latest.values()]
    ratings = [value for value in values if value is not None]
    expected = {str(value or "skipped"): values.count(value) for value in values}
    if ratings:
        expected["average"] = round(sum(ratings) / len(ratings), 2)
    assert counts.get("rating", {}) == expected
