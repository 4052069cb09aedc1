"""Calibration: confidences that are as often right as they say."""

from random import Random

import pytest
from hypothesis import given, strategies as st

from agenthost.conversation.calibration import Calibration, Trial, spread_over, trust


def drawn(sharpness, count, dice):
    """Return trials of which each agent is right as often as the sharpness says."""
    trials = []
    for _ in range(count):
        scores = [dice.random() for _ in range(4)]
        shares, _ = Calibration(sharpness).shares(scores)
        trials.append(Trial(scores, dice.choices(range(4), shares)[0]))
    return trials


@pytest.mark.parametrize("sharpness", [2.0, 7.0, 25.0])
def test_the_sharpness_is_found_again(sharpness):
    """Many trials outweigh the usual sharpness."""
    dice = Random(3)  # noqa: S311 - the same draws each time
    trials = drawn(sharpness, 200, dice)

    assert Calibration.fit(trials, usual=7.0).sharpness == pytest.approx(sharpness, rel=0.4)


def test_seventy_per_cent_are_seventy_per_cent():
    """Of other messages with a confidence near 0.7, about 70 % are right."""
    dice = Random(5)  # noqa: S311 - the same draws each time
    fitted = Calibration.fit(drawn(6.0, 200, dice), usual=30.0)
    right = []
    for trial in drawn(6.0, 5000, dice):
        shares, _ = fitted.shares(trial.scores)
        if 0.6 < max(shares) < 0.8:
            right.append(shares.index(max(shares)) == trial.agent)

    assert sum(right) / len(right) == pytest.approx(0.7, abs=0.08)


def test_without_trials_the_usual_sharpness_holds():
    assert Calibration.fit([], usual=7.0) == Calibration(pytest.approx(7.0))


def test_messages_of_nobody_lower_the_confidence():
    """A message close to small talk rarely belongs to an agent."""
    trials = [Trial([2.0, 0.0], 0, nobody=0.0), Trial([0.0, 2.0], 1, nobody=0.0), Trial([0.3, 0.0], None, nobody=2.0)]
    fitted = Calibration.fit(trials * 10, usual=2.5, with_nobody=True)

    assert fitted.shares([2.0, 0.0], 0.0)[1] > 0.8
    assert fitted.shares([0.3, 0.0], 2.0)[1] < 0.2


@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=5),
    st.floats(-50, 50),
    st.floats(0.01, 100),
    st.floats(-20, 20) | st.none(),
)
def test_shares_are_probabilities(scores, nobody, sharpness, offset):
    shares, somebody = Calibration(sharpness, offset).shares(scores, nobody)

    assert sum(shares) == pytest.approx(1.0)
    assert 0.0 <= somebody <= 1.0


def test_trials_of_few_examples_count_little():
    assert [trust(0), trust(1), trust(4)] == [0.0, 0.0, 0.0]
    assert trust(8) < trust(20) < 1.0


def test_many_examples_are_sampled_evenly():
    assert spread_over(3) == [0, 1, 2]
    assert len(set(spread_over(1001))) == 200
    assert spread_over(1001)[-1] > 990
