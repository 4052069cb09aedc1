"""Answers that are cut to a length, without losing what is cut off."""

from __future__ import annotations

import json

import pytest
from agenthost_mcp.answers import LIMIT, Answers
from hypothesis import given, settings, strategies as st
from mcp.server.mcpserver.exceptions import ToolError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ROWS = st.dictionaries(TEXTS, TEXTS | st.integers() | st.none(), max_size=4)


def size(answer):
    return len(json.dumps(answer, ensure_ascii=False, indent=2).encode())


def numbers(answer):
    return [json.loads(note.rpartition("call rest with ")[2])["answer"] for note in answer.get("more", ())]


def whole_rest(answers, number):
    """Return all that was cut off, in pieces that each fit."""
    text, left = "", [number]
    while left:
        piece = answers.rest(left.pop())
        assert size(piece) <= LIMIT
        text += piece["text"]
        left += numbers(piece)
    return text


@settings(max_examples=40)
@given(st.lists(ROWS, max_size=9), st.integers(1, 99), TEXTS, st.integers(1, 400))
def test_what_is_cut_off_a_list_is_kept(rows, times, word, repeated):
    answers, rows = Answers(), rows * times
    answer = answers.fit({"rows": rows, "text": word * repeated})

    assert size(answer) <= LIMIT
    kept = answer.get("rows", [])
    rests = {note.partition(":")[0]: whole_rest(answers, n) for note, n in zip(answer.get("more", ()), numbers(answer))}  # noqa: B905 - as long as each other
    assert kept == rows[: len(kept)]
    assert [json.loads(line) for line in rests.get("rows", "").split("\n") if line] == rows[len(kept) :]
    assert answer.get("text", "") + rests.get("text", "") == word * repeated


def test_a_short_answer_stays_as_it_is():
    assert Answers().fit({"agents": [{"agent": "desk"}], "host": "", "log": None}) == {"agents": [{"agent": "desk"}]}


def test_a_note_says_how_much_is_shown():
    answer = Answers().fit({"lines": ["x" * 96] * 100})

    assert answer["more"] == [f'lines: {len(answer["lines"])} of 100; call rest with {{"answer": "1"}}']
    assert 30 < len(answer["lines"]) < 40


def test_a_value_that_is_longer_than_an_answer_is_cut():
    answers = Answers()
    answer = answers.fit({"events": [{"document": "ü" * 5000}], "values": {"a": "b" * 5000}})

    assert (answer["events"], answer["values"]) == ([], {})
    assert [json.loads(whole_rest(answers, number)) for number in numbers(answer)] == [
        {"document": "ü" * 5000},
        {"a": "b" * 5000},
    ]


def test_an_unknown_rest_is_refused():
    with pytest.raises(ToolError, match="there is no rest '7'"):
        Answers().rest("7")
