"""Thresholds that are proposed from decisions."""

from agenthost import Decision
from agenthost._host.routing.labelled import Labelled
from agenthost._host.routing.thresholds import Judged, effect, proposed, steps


def judged(*decisions):
    """Return decisions, each a confidence, a margin, and whether it is right."""
    return [
        Judged(Labelled(str(number), "sales" if right else "technical"), Decision("sales", sure, apart))
        for number, (sure, apart, right) in enumerate(decisions)
    ]


MIXED = judged(*[(0.95, 0.9, True)] * 8, *[(0.7, 0.4, True)] * 8, (0.7, 0.4, False), *[(0.4, 0.05, False)] * 8)


def test_the_effect_of_thresholds_is_counted():
    found = effect(MIXED, 0.5, 0.15)

    assert (found.messages, found.decided, found.right) == (25, 17, 16)
    assert (found.share, found.accuracy) == (17 / 25, 16 / 17)
    assert found.to_json()["right_interval"] == [0.7302, 0.9895]


def test_the_thresholds_that_decide_most_are_proposed():
    best = proposed(MIXED, 0.9)

    assert (best.decided, best.right) == (17, 16)
    assert (best.threshold, best.margin) == (0.7, 0.0)


def test_more_certainty_costs_decisions():
    assert proposed(MIXED, 1.0).decided == 8


def test_a_margin_is_proposed_where_confidence_does_not_tell():
    found = judged(*[(0.6, 0.3, True)] * 9, *[(0.6, 0.0, False)] * 9)

    assert (proposed(found, 0.9).margin, proposed(found, 0.9).decided) == (0.05, 9)


def test_nothing_is_proposed_if_no_thresholds_are_right_often_enough():
    assert proposed(judged(*[(0.9, 0.9, False)] * 5), 0.5) is None
    assert proposed([], 0.5) is None


def test_a_message_of_nobody_that_is_decided_is_wrong():
    nobody = Judged(Labelled("hello", None), Decision("sales", 0.9, 0.9))

    assert effect([nobody], 0.5, 0.1).right == 0


def test_a_decision_for_nobody_is_none():
    found = effect([Judged(Labelled("hello", None), Decision(None, 0.0))], 0.0, 0.0)

    assert (found.decided, found.accuracy, found.to_json()["right_interval"]) == (0, None, None)


def test_each_tenth_is_shown():
    assert [each.threshold for each in steps(MIXED, 0.15)] == [n / 10 for n in range(10)]
