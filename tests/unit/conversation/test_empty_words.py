"""Messages that say nothing of a matter, in several languages."""

import json
from pathlib import Path

import pytest

from agenthost import Choice
from agenthost.conversation.empty_words import EMPTY_WORDS, example_of, plain_words, says_nothing
from agenthost.conversation.small_talk import SMALL_TALK

DATA = Path(__file__).parents[2] / "data"
TEAM = (
    Choice("orders", "Prices and orders", {"en": ("What does the tent cost?",)}),
    Choice("talk", "Small talk", {"en": ("Thank you!", "How are you?")}),
)


@pytest.mark.parametrize(
    "text",
    [
        "yes please",
        "I'd like that",
        "Can you help me?",
        "¿Me puedes ayudar, por favor?",
        "S'il vous plaît",
        "Könnten Sie mir bitte helfen?",
        "não, obrigada",
        "va bene, grazie",
        "ja graag",
        "",
        "👍",
    ],
)
def test_courtesy_says_nothing(text):
    assert says_nothing(text, TEAM)


@pytest.mark.parametrize("text", ["the tent please", "my order", "quiero una tienda", "帐篷多少钱"])
def test_a_word_of_a_matter_says_something(text):
    assert not says_nothing(text, TEAM)


def test_an_agent_may_be_there_for_courtesy():
    """A message that is exactly its example belongs to it."""
    assert not says_nothing("thank you", TEAM)
    assert example_of(plain_words("THANK YOU!!"), TEAM) == "talk"
    assert says_nothing("thank you", (*TEAM, Choice("other", examples={"": ("Thank you",)})))
    assert says_nothing("???", (Choice("odd", examples={"": ("!",)}),))


def test_the_list_has_no_word_of_a_matter():
    """Each query of the data sets, and each example, has another word."""
    for path in DATA.glob("router_queries*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines()
        queries = [json.loads(line)["query"] for line in lines if line]
        assert [query for query in queries if says_nothing(query, ())] == []


def test_the_words_are_as_texts_are_read():
    assert [word for word in EMPTY_WORDS if plain_words(word) != [word]] == []


def test_the_data_set_of_messages_that_say_nothing_is_its_own():
    """No classifier is calibrated by its lines."""
    rows = [json.loads(line) for line in (DATA / "says_nothing.jsonl").read_text(encoding="utf-8").splitlines()]
    queries = {row["query"] for row in rows}

    assert len(queries) == len(rows) >= 150
    assert len({row["language"] for row in rows}) >= 7
    assert not queries & set(SMALL_TALK)
