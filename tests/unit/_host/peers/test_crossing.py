"""The budget of a turn on its way to another host."""

from __future__ import annotations

import pickle
from contextvars import Context

from hypothesis import given, strategies as st

from agenthost import Remaining
from agenthost._host.config.schema import TurnsConfig
from agenthost._host.identity.asking import Asking
from agenthost._host.peers.crossing import (
    BUDGET,
    CROSSED,
    HEADER,
    budget_header,
    crossed_by,
    crossing,
    limited,
    seconds_left,
)

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


@given(st.integers(1, 20), st.lists(st.sampled_from(["billing", "returns"]), max_size=3))
def test_a_turn_that_another_process_takes_over_keeps_them(calls, way):
    """A request holds them from its arrival on, and pickles with them."""
    headers = [(HEADER.encode(), ",".join(way).encode()), (BUDGET.encode(), f"seconds=1.5, calls={calls}".encode())]
    with crossed_by(headers):
        asking = Asking(agent="billing", conversation="c-1", text="Hello?")
    resumed = pickle.loads(pickle.dumps(asking))  # noqa: S301 - our own

    def there():
        with crossing(resumed.crossing):
            return limited(TurnsConfig()).calls, seconds_left(60.0), CROSSED.get()

    assert Context().run(there) == (calls, 1.5, tuple(way))


@given(st.binary())
def test_a_header_of_any_bytes_gives_no_more(value):
    own = TurnsConfig()
    with crossed_by([(BUDGET.encode(), value)]):
        there = limited(own)

        assert 0 <= seconds_left(60.0) <= 60.0
        assert all(0 <= getattr(there, name) <= getattr(own, name) for name in ("calls", "tokens", "hops"))
