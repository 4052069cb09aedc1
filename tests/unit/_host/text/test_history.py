"""Histories for models: calls with their results, failed turns, and bounds."""

import json

import pytest

from agenthost import Message, ToolUse
from agenthost._host.text.history import Bound, bounded, history_of
from agenthost._host.text.transcript_lines import Line


def line(turn, role, text, **more):
    return Line(turn, role, text, 0.0, None, more)


def ran(turn, result="Blocked. Case QX-881.", tool="block_card", arguments='{"digits": "1234"}'):
    return line(turn, "tool", result, tool=tool, arguments=arguments, failed=False)


def test_a_call_stands_before_its_result():
    lines = [line(1, "user", "My card is lost."), ran(1), line(1, "assistant", "It is blocked.")]
    history, cut = history_of(lines, Bound())
    assert not cut
    assert history == (
        Message("user", "My card is lost."),
        Message("assistant", "", (ToolUse("call_1_1", "block_card", '{"digits": "1234"}'),)),
        Message("tool", "Blocked. Case QX-881.", (), "call_1_1"),
        Message("assistant", "It is blocked."),
    )


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ([line(1, "failure", "ModelError: secret.example says no.")], "[The turn failed: this message has no answer.]"),
        (
            [line(1, "failure", "ModelError", said="I have")],
            "I have\n\n[The turn failed: this answer was broken off.]",
        ),
        ([], "[The turn failed: this message has no answer.]"),
    ],
    ids=["failed", "broken off", "its process died"],
)
def test_a_failed_turn_is_told_with_its_tools(end, told):
    """The reason of the failure is for operators."""
    history, _ = history_of([line(1, "user", "Block it."), ran(1), *end], Bound())
    assert [message.role for message in history] == ["user", "assistant", "tool", "assistant"]
    assert history[-1] == Message("assistant", told)


@pytest.mark.parametrize(
    ("tool", "arguments", "sent"),
    [
        ("order", "{}", ("order", {})),
        ("no such tool!", '{"a": 1', ("no_such_tool_", {"not_shown_in_full": '{"a": 1'})),
        ("x" * 99, "[1]", ("x" * 64, {"not_shown_in_full": "[1]"})),
        ("", '{"card": [card ending in 1111]}', ("_", {"not_shown_in_full": '{"card": [card ending in 1111]}'})),
    ],
)
def test_servers_accept_what_is_told(tool, arguments, sent):
    """A name that a model invented does not fail later turns.

    Neither do truncated or redacted arguments.
    """
    use = history_of([ran(1, tool=tool, arguments=arguments)], Bound())[0][0].tool_uses[0]
    assert (use.name, json.loads(use.arguments)) == sent


@pytest.mark.parametrize(
    ("most", "texts"), [(0, []), (1, ["", "result", "b"]), (2, ["B", "", "result", "b"]), (9, None)]
)
def test_only_messages_of_people_and_agents_count(most, texts):
    """A call and its result come with the messages around them."""
    lines = [line(1, "user", "A"), line(1, "assistant", "a"), line(2, "user", "B"), ran(2, "result")]
    kept, cut = history_of([*lines, line(2, "assistant", "b")], Bound(most))
    history = [message.content for message in kept]
    assert cut == (texts is not None)
    assert history == (["A", "a", "B", "", "result", "b"] if texts is None else texts)


def test_a_history_is_bounded():
    """The oldest messages are left out."""
    lines = [made for turn in range(1, 30) for made in (ran(turn, "x" * 4000), line(turn, "assistant", str(turn)))]
    history, cut = history_of(lines, Bound(1000))
    assert cut
    assert sum(len(message.content) for message in history) <= Bound().characters
    assert history[-1].content == "29"
    assert len(history) >= 15


def sent(turns, text="x"):
    """The history of a client, with a call in each turn."""
    for turn in range(turns):
        yield Message("user", f"question {turn}")
        yield Message("assistant", "", (ToolUse(f"a{turn}", "look", "{}"), ToolUse(f"b{turn}", "look", "{}")))
        yield from (Message("tool", text, (), f"{each}{turn}") for each in "ab")
        yield Message("assistant", f"answer {turn}")


@pytest.mark.parametrize(
    ("turns", "text", "bound", "first"),
    [
        (500, "x", Bound(40), "question 480"),
        (500, "x", Bound(3), ""),
        (20, "x", Bound(40), "question 0"),
        (10, "x" * 5000, Bound(40), None),
        (10, "x", Bound(0), None),
    ],
)
def test_a_history_that_is_sent_has_the_same_bound(turns, text, bound, first):
    """No call is separated from its results."""
    messages = [*sent(turns, text)]
    history, cut = bounded(messages, bound)

    assert cut == (len(history) < len(messages))
    assert list(history) == messages[len(messages) - len(history) :]
    assert first is None or history[0].content == first
    called = {use.id for message in history for use in message.tool_uses}
    assert called == {message.tool_use_id for message in history if message.role == "tool"}
    assert sum(message.role != "tool" and not message.tool_uses for message in history) <= bound.messages
    assert sum(len(message.content) for message in history) <= bound.characters
