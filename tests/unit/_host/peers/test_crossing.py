"""The budget of a turn on its way to another host."""

from __future__ import annotations

from hypothesis import given, strategies as st

from agenthost import Remaining
from agenthost._host.config.schema import TurnsConfig
from agenthost._host.peers.crossing import BUDGET, budget_header, crossed_by, limited, seconds_left

COUNTS = st.integers(0, 10**9)


@given(st.floats(0, 1e6), COUNTS, COUNTS, COUNTS)
def test_a_budget_arrives(seconds, calls, tokens, hops):
    """No limit grows on the way, and the call itself is counted on both hosts."""
    header = budget_header(Remaining(seconds, calls, tokens, hops)).encode()
    own = TurnsConfig()
    with crossed_by([(BUDGET.encode(), header)]):
        there, left = limited(own), seconds_left(60.0)

    assert (there.calls, there.tokens, there.hops, there.visits) == (
        min(own.calls, calls + 1),
        min(own.tokens, tokens),
        min(own.hops, hops),
        own.visits,
    )
    assert left == min(60.0, float(f"{seconds:.3f}"))
    assert (limited(own), seconds_left(60.0)) == (own, 60.0)


@given(st.binary())
def test_a_header_of_any_bytes_gives_no_more(value):
    own = TurnsConfig()
    with crossed_by([(BUDGET.encode(), value)]):
        there = limited(own)

        assert 0 <= seconds_left(60.0) <= 60.0
        assert all(0 <= getattr(there, name) <= getattr(own, name) for name in ("calls", "tokens", "hops"))
