"""The vector index, with small made-up vectors."""

import array
import math

import pytest

from agenthost import Choice
from agenthost.conversation.classifiers import Match
from agenthost.conversation.small_talk import SMALL_TALK
from agenthost.conversation.vector_index import VectorIndex, texts_of

AGENTS = ("sales", "technical", "support")
CHOICES = tuple(Choice(agent, f"About {agent}", {"en": tuple(f"{agent} {n}" for n in range(8))}) for agent in AGENTS)


def vector(*numbers):
    """Return a vector of length 1."""
    length = math.sqrt(sum(number * number for number in numbers))
    return array.array("f", [number / length for number in numbers])


def placed(common=0.0, near=1.0):
    """Return the vectors of all texts, with a direction for each agent."""
    found = {}
    for number, choice in enumerate(CHOICES):
        for turn, text in enumerate([choice.description, *choice.examples["en"]]):
            found[text] = aimed(number, turn, common, near)
    for turn, text in enumerate(SMALL_TALK):
        found[text] = aimed(3, turn, common, near)
    return found


def aimed(place, turn=0, common=0.0, near=1.0):
    numbers = [0.0] * 6
    numbers[place], numbers[4 + turn % 2] = near, 0.4 + 0.05 * turn
    return vector(*numbers, common)


@pytest.mark.parametrize("common", [0.0, 3.0])
def test_the_closest_agent_is_chosen_with_confidence(common):
    """A model that finds all texts similar is as sure as any other."""
    index = VectorIndex.build(CHOICES, placed(common))
    decision = index.decide("sales again", aimed(0, 2, common), "meaning")

    assert (decision.agent, decision.by) == ("sales", "meaning")
    assert decision.confidence > 0.7
    assert decision.reason.startswith("similarity ")
    assert decision.ranking[0][0] == "sales"


def test_small_talk_belongs_to_nobody():
    decision = VectorIndex.build(CHOICES, placed()).decide("a joke", aimed(3, 5), "meaning")

    assert decision.confidence < 0.4


def test_an_agent_may_be_there_for_small_talk():
    """Its examples are as small talk is, so that such a message is its own."""
    talk = Choice("talk", "Chats", {"en": SMALL_TALK[:10]})
    vectors = placed() | {"Chats": aimed(3, 1)}
    decision = VectorIndex.build((*CHOICES, talk), vectors).decide("a joke", aimed(3, 5), "meaning")

    assert decision.agent == "talk"
    assert decision.confidence > 0.5


def test_agents_that_resemble_each_other_are_told_apart_with_less_confidence():
    """Leaving one out shows how often the examples themselves are confused."""
    clear = VectorIndex.build(CHOICES, placed())
    blurred = placed()
    for number in range(8):  # half of the examples lie where another agent is
        blurred[f"sales {number}"] = aimed(number % 2, number)
        blurred[f"technical {number}"] = aimed((number + 1) % 2, number)
    confused = VectorIndex.build(CHOICES, blurred)
    message = vector(1.0, 0.8, 0.0, 0.0, 0.4, 0.4, 0.0)

    assert confused.decide("?", message, "").confidence < clear.decide("?", message, "").confidence


def test_a_further_score_is_added():
    """Each example has one of its own, which does not count the example itself."""
    left_out = {text: [1.0, 0.0, 0.0] for choice in CHOICES for text in choice.examples["en"]}
    index = VectorIndex.build(CHOICES, placed(), more=(lambda _: [0.0, 3.0, 0.0], left_out))
    between = vector(1.0, 1.0, 0.0, 0.0, 0.4, 0.4, 0.0)

    assert index.decide("?", between, "").agent == "technical"


def test_a_fixed_sharpness_is_kept():
    assert VectorIndex.build(CHOICES, placed(), sharpness=9.0).calibration.sharpness == 9.0


def test_the_closest_texts_are_shown():
    found = VectorIndex.build(CHOICES, placed()).closest(placed()["sales 2"], 2)

    assert found[0] == Match("sales", "sales 2", pytest.approx(1.0))


def test_agents_without_texts_are_left_out():
    bare = Choice("bare")

    assert VectorIndex.build((bare,), {}) is None
    index = VectorIndex.build((bare, *CHOICES), placed())
    assert index.decide("sales", aimed(0), "").agent == "sales"
    assert "" not in texts_of((bare, *CHOICES))


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(ValueError, match="different lengths"):
        VectorIndex.build(CHOICES, placed()).decide("sales", vector(1.0, 2.0), "")
