"""Semantic gates: what the platform would refuse is refused when a tool is defined."""

from __future__ import annotations

import pytest

from agenthost.errors import DefinitionError
from agenthost.results import FunctionResult
from agenthost.tools.gates import SemanticGate, checked_gates

GATE = {"question": "Sure?", "threshold": 0.5, "on_fail": {"response": "Ask."}}


def test_a_gate_with_everything():
    gate = SemanticGate(
        "Sure?",
        1,
        FunctionResult("Ask.").update_global_data({"a": 1}),
        id="sure",
        true_means="yes",
        false_means="no",
        visual_input=2,
    )

    assert gate.to_dict() == {
        "id": "sure",
        "question": "Sure?",
        "criteria": {"true": "yes", "false": "no"},
        "threshold": 1,
        "on_fail": {"response": "Ask.", "action": [{"set_global_data": {"a": 1}}]},
        "visual_input": 2,
    }


def test_structured_answers():
    gate = SemanticGate("Sure?", 0.5, FunctionResult(tool_result="Not run.", tool_prompt="Ask."))

    assert [gate.to_dict()] == checked_gates("book", [gate])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": ""}, "question must be text"),
        ({"question": "a\x00b"}, "NUL"),
        ({"question": "\ud800"}, "half a character"),
        ({"question": "ä" * 4097}, "longer than 8192 bytes"),
        ({"threshold": 0}, "above 0 and at most 1"),
        ({"threshold": True}, "above 0 and at most 1"),
        ({"threshold": float("nan")}, "above 0 and at most 1"),
        ({"on_fail": {"response": ""}}, "needs a response for the model"),
        ({"on_fail": {}}, "needs a response for the model"),
        ({"on_fail": {"response": "x", "action": {}}}, "action must be a list"),
        ({"on_fail": {"response": "x" * 9000}}, "longer than 8192 bytes"),
        ({"criteria": {}}, "criteria must be"),
        ({"criteria": {"maybe": "x"}}, "criteria must be"),
        ({"criteria": {"true": ""}}, "must be text"),
        ({"id": "a b"}, "id must be"),
        ({"visual_input": 6}, "visual_input"),
        ({"visual_input": 1.5}, "visual_input"),
        ({"extra": 1}, "unknown key 'extra'"),
    ],
)
def test_refused(change, message):
    with pytest.raises(DefinitionError, match=message):
        checked_gates("book", [{**GATE, **change}])


@pytest.mark.parametrize("gates", [[], [GATE] * 9, GATE, "text", [1]])
def test_not_a_list_of_gates(gates):
    with pytest.raises(DefinitionError, match="gate"):
        checked_gates("book", gates)


def test_gates_have_names_of_their_own():
    """A gate without a name has one by its position."""
    with pytest.raises(DefinitionError, match="another gate is called 'gate_1'"):
        checked_gates("book", [GATE, {**GATE, "id": "gate_1"}])


@pytest.mark.parametrize("tool", ["startup_hook", "hangup_hook", "next_step"])
def test_the_platform_s_own_calls_are_not_gated(tool):
    with pytest.raises(DefinitionError, match="called by the platform itself"):
        checked_gates(tool, [GATE])


def test_an_empty_result_is_no_reason():
    """The default words of an empty result would tell the model that the tool ran."""
    with pytest.raises(DefinitionError, match="needs a response for the model"):
        checked_gates("book", [SemanticGate("Sure?", 0.5, FunctionResult().hangup())])
