"""Properties of histories, for any messages and tool calls."""

import json

from hypothesis import given, strategies as st

from agenthost._host.text.history import Bound, bounded, history_of
from agenthost._host.text.transcript_lines import Line

TEXTS = st.text(max_size=30) | st.just("x" * 5000)
LINES = st.lists(
    st.builds(
        Line,
        st.integers(1, 4),
        st.sampled_from(["user", "assistant", "tool", "failure"]),
        TEXTS,
        st.just(0.0),
        st.none(),
        st.fixed_dictionaries({}, optional={"tool": TEXTS, "arguments": TEXTS, "said": TEXTS}),
    ),
    max_size=20,
)


@given(LINES, st.integers(0, 12))
def test_calls_and_results_are_paired_and_bounded(lines, most):
    """Each call is followed by its result, and each result stands after its call."""
    history, _ = history_of(lines, Bound(most))
    again, cut = bounded(history, Bound(most))
    assert (again, cut) == (history, False) or not most
    waiting = None
    for message in history:
        assert (message.role == "tool") == (waiting is not None)
        assert message.tool_use_id == (waiting if message.role == "tool" else None)
        waiting = message.tool_uses[0].id if message.tool_uses else None
        assert all(isinstance(json.loads(use.arguments), dict) for use in message.tool_uses)
    assert waiting is None
    ids = [message.tool_use_id for message in history if message.role == "tool"]
    assert len(ids) == len(set(ids))
    assert sum(len(message.content) for message in history) <= Bound().characters
    assert sum(message.role != "tool" and not message.tool_uses for message in history) <= most
