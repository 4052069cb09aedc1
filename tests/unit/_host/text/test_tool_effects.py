"""Effects of tools on a turn, and on a later attempt at it."""

import pytest
from hypothesis import given, strategies as st

from agenthost._host.text.calling.tool_runs import NO_RESULT, ToolRun
from agenthost._host.text.tool_effects import ToolEffects
from agenthost.tools.tool import Tool

TEXTS = st.none() | st.text(min_size=1)
ACTIONS = st.lists(st.dictionaries(st.text(), st.text() | st.integers()), max_size=3)


@given(TEXTS, TEXTS, ACTIONS)
def test_a_later_attempt_has_the_same_effects(handed_to, escalate, actions):
    before = ToolEffects("Done.", handed_to=handed_to, escalate=escalate, actions=actions)

    assert ToolEffects.again(ToolRun("a", "order", "{}", "Done.", failed=False, effects=before.kept)) == before


@pytest.mark.parametrize(
    ("result", "annotations", "again"),
    [(NO_RESULT, {"idempotentHint": True}, True), (NO_RESULT, {}, False), ("Done.", {"idempotentHint": True}, False)],
)
def test_only_a_safe_tool_that_was_cut_off_runs_again(result, annotations, again):
    tool = Tool.define("order", lambda _args, _raw: "", description="Orders.", parameters={}, annotations=annotations)
    run = ToolRun("a", "order", "{}", result, failed=result == NO_RESULT)

    assert run.safe_again(tool) == again
