"""Labelled messages, from transcripts and from files."""

import asyncio
import json
import time

import pytest

from agenthost import Choice, ConfigurationError
from agenthost._host.routing.labelled import Labelled, from_file, from_transcripts, telling
from agenthost._host.text.history import Bound
from agenthost._host.text.transcript_lines import Line
from agenthost._host.text.transcripts import Arrival, Transcripts
from agenthost.builtin.state_memory import memory_provider
from agenthost.state import Scope, StateOptions, Store

AGENTS = ("sales", "technical")


def kept(conversations, days=30.0):
    """Return the messages of conversations, each a list of turns.

    A turn has a text, an agent, a path, and its age in seconds.
    """

    async def main():
        entries = await memory_provider().open("memory://", StateOptions())
        store = Store(entries, Scope("host", "transcripts"))
        transcripts = Transcripts(store, (), keep=1, longest=5.0, history=Bound())
        for name, turns in conversations.items():
            for text, agent, path, ago in turns:
                arrival = Arrival(name, text)
                begun = await transcripts.begin(arrival, "genie", await transcripts.enter(arrival))
                line = Line(0, "assistant", "Yes.", time.time() - ago, agent, {"path": path})
                await transcripts.end(arrival, begun, [line])
        return await from_transcripts(transcripts, "genie", AGENTS, days)

    return sorted(asyncio.run(main()), key=lambda each: each.text)


def test_a_message_is_for_the_agent_that_answered_last():
    turns = [("my order", "sales", ["genie", "sales"], 0), ("screen", "technical", ["genie", "sales", "technical"], 0)]

    assert kept({"c": turns}) == [Labelled("my order", "sales"), Labelled("screen", "technical")]


def test_a_question_belongs_to_the_next_message():
    turns = [("hm", "genie", None, 0), ("my order", "sales", ["genie", "sales"], 0)]

    assert kept({"c": turns}) == [Labelled("hm\nmy order", "sales")]


def test_other_conversations_do_not_count():
    """These are of another workflow, with another agent, and too old."""
    turns = {
        "a": [("one", "sales", ["levels", "sales"], 0)],
        "b": [("two", "senior", ["genie", "senior"], 0)],
        "c": [("three", "sales", ["genie", "sales"], 90000)],
    }

    assert kept(turns, days=1.0) == []
    assert kept(turns, days=2.0) == [Labelled("three", "sales")]


def test_long_conversations_are_read_in_full():
    turns = [(f"order {n:02}", "sales", ["genie", "sales"], 0) for n in range(70)]

    assert len(kept({"c": turns})) == 70


def test_a_file_is_read_back_as_it_was_written(tmp_path):
    file = tmp_path / "messages.jsonl"
    messages = [Labelled("¿dónde está?", "sales"), Labelled("hello", None)]
    file.write_text("".join(f"{each.to_json()}\n\n" for each in messages), encoding="utf-8")

    assert from_file(file, AGENTS) == messages


@pytest.mark.parametrize("agent", ["none", "Nobody", "", None])
def test_a_message_may_be_for_nobody(tmp_path, agent):
    file = tmp_path / "messages.jsonl"
    file.write_text(json.dumps({"text": "hello", "agent": agent}), encoding="utf-8")

    assert from_file(file, AGENTS) == [Labelled("hello", None)]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", r"messages\.jsonl:2: not a labelled message\. fix: write \{"),
        ("[]", "not a labelled message"),
        ('{"text": "hello"}', "not a labelled message"),
        ('{"text": 3, "agent": "sales"}', "not a labelled message"),
        ('{"text": "hello", "agent": "root"}', r"no agent 'root'\. fix: write one of sales, technical, or null"),
        ('{"text": "hello", "agent": ["sales"]}', "no agent"),
    ],
)
def test_another_line_is_refused_with_its_place(tmp_path, line, error):
    file = tmp_path / "messages.jsonl"
    file.write_text(f"\n{line}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=error):
        from_file(file, AGENTS)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gone\.jsonl: cannot be read \(No such file"):
        from_file(tmp_path / "gone.jsonl", AGENTS)


def test_courtesy_examples_and_repetitions_tell_nothing():
    choices = [Choice("sales", "", {"": ("Where is my order?",)})]
    texts = ("Where is my order?", "yes please", "my name is Bill", "my order", "my order")

    assert telling([Labelled(text, "sales") for text in texts], choices) == [Labelled("my order", "sales")]
