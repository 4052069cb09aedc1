"""Outcomes of turns: what is stored is what a repeat gets."""

import json

import pytest

from agenthost import AgentHostError, ClientCalls, Message, ModelRefused, ModelUnavailable, Reply, ToolUse, Usage
from agenthost._host.identity.turn_outcomes import error_as_json, error_of, outcome_as_json, outcome_of
from agenthost.conversation.turns import Outcome, Routed, Said, Status, ToolEnded, ToolStarted


def test_a_reply_is_read_as_it_was_stored():
    reply = Reply("a", "One two.", Usage(2, 1), escalate="why", path=("team", "a"), finish="length", refused=True)
    events = [
        Routed("team", "a", "because", 0.9),
        Said("a", "One"),
        Said("a", " two."),
        ToolStarted("a", "t", {}),
        ToolEnded("a", "t", "R"),
    ]

    told, found = outcome_of(json.loads(json.dumps(outcome_as_json(events, reply))))

    assert found == reply
    assert told == [events[0], Said("a", "One two."), *events[3:]]


def test_the_branches_of_a_team_are_not_stored():
    reply = Reply("team", "Yes.", outcomes=(Outcome("a", Status.TIMEOUT, reason="slow"),))

    assert outcome_of(outcome_as_json([], reply))[1].outcomes == ()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelRefused("no."), ModelRefused),
        (TimeoutError(), TimeoutError),
        (KeyError("secret"), AgentHostError),
        (ModelUnavailable("later.", 2.5), ModelUnavailable),
    ],
    ids=["known", "timeout", "unknown", "later"],
)
def test_errors_are_of_their_kind(error, kind):
    found = error_of(json.loads(json.dumps(error_as_json(error))))

    assert type(found) is kind
    assert getattr(found, "retry_after", None) == getattr(error, "retry_after", None)
    assert "secret" not in str(found)


def test_calls_of_a_clients_tools_are_stored():
    use = ToolUse("call_1", "end_call", "{}")
    messages = (Message("assistant", "", (use,)), Message("tool", "Done.", (), "call_0"))
    reply = Reply("a", "", finish="tool_calls", client_calls=ClientCalls((use,), messages), actions=({"action": "x"},))

    assert outcome_of(json.loads(json.dumps(outcome_as_json([], reply))))[1] == reply


def test_what_was_said_is_redacted_and_names_are_not():
    use = ToolUse("call_1", "pay", '{"card": "4111"}')
    messages = (Message("assistant", "4111", (use,)),)
    reply = Reply("4111", "Paid with 4111.", client_calls=ClientCalls((use,), messages))
    events = [ToolStarted("4111", "pay", {"card": ["4111"]}), ToolEnded("4111", "pay", "4111"), Said("4111", "4111")]

    stored = outcome_as_json(events, reply, lambda text: text.replace("4111", "[card]"))

    told, found = outcome_of(stored)
    assert found.text == "Paid with [card]."
    assert found.client_calls.uses[0].arguments == '{"card": "[card]"}'
    assert [event.agent for event in told] == ["4111"] * 3
    assert "4111" not in str([told[0].arguments, told[1].result, told[2].text, found.client_calls.messages])
