"""Agreement: what holds for every set of answers and ballots."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given, strategies as st

from agenthost.workflows.agreement import closest_to_all, most_said, most_voted, shuffled, similarity

TEXTS = st.lists(st.text("ab .!Ñ", max_size=8), min_size=1, max_size=6)
BALLOTS = st.lists(st.one_of(st.none(), st.integers(-1, 6)), max_size=9)


@given(TEXTS, st.randoms(use_true_random=False))
def test_more_than_half_win_in_any_order(texts, random):
    """An answer with more than half of the votes wins, in any order."""
    texts = [*texts, *["The same."] * (len(texts) + 1)]
    random.shuffle(texts)

    place, times = most_said(texts)

    assert texts[place] == "The same."
    assert times == Counter(texts)["The same."]


@given(TEXTS)
@example([".", ". "])
def test_case_and_punctuation_do_not_count(texts):
    """The same words are the same answer."""
    place, times = most_said(texts)

    assert most_said([f"  {text.upper()}! " for text in texts]) == (place, times)


@given(BALLOTS, st.integers(1, 5))
def test_nobody_has_more_votes_than_the_winner(ballots, answers):
    """The winner is the first answer with the most votes.

    Void ballots do not count.
    """
    winner, votes = most_voted(ballots, answers)

    counted = [sum(ballot == place for ballot in ballots) for place in range(answers)]
    assert [votes.get(place, 0) for place in range(answers)] == counted
    assert winner == (counted.index(max(counted)) if any(counted) else None)


@given(TEXTS)
def test_the_medoid_is_the_most_similar(texts):
    """No answer is more similar to all others, and the first of equals is taken."""
    chosen = closest_to_all(texts)
    totals = [sum(similarity(one, other) for other in texts) for one in texts]

    assert all(totals[chosen] >= total - 1e-6 for total in totals)
    assert chosen == closest_to_all(texts)


@given(st.text("ab c", max_size=9), st.text("ab c", max_size=9))
def test_similarity_goes_both_ways(one, other):
    """From 0 to 1, the same both ways, and 1 for the same words."""
    assert 0 <= similarity(one, other) <= 1
    assert abs(similarity(one, other) - similarity(other, one)) < 1e-9
    assert not one.split() or similarity(one, one.upper()) > 1 - 1e-9


@given(st.integers(0, 7), st.text(max_size=9))
def test_an_order_is_a_permutation_that_its_seed_decides(count, seed):
    """Each place stands once, and the same seed gives the same order."""
    assert sorted(shuffled(count, seed)) == list(range(count))
    assert shuffled(count, seed) == shuffled(count, seed)


def test_the_order_is_the_same_in_every_process():
    """It depends on no hash that a process makes for itself."""
    assert (shuffled(4, "c-1"), shuffled(4, "c-2")) == ((0, 1, 2, 3), (1, 3, 2, 0))
