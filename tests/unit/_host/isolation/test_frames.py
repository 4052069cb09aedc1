"""Frames: what is sent arrives, however it is cut into pieces."""

import pytest
from hypothesis import given, strategies as st

from agenthost._host.isolation.frames import MOST, Reader, framed

NUMBERS = st.integers(-(2**63), 2**64 - 1)
CONTENT = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
MESSAGES = st.lists(st.tuples(st.text(), st.integers(0, 2**32), CONTENT), max_size=6)


@given(MESSAGES, st.lists(st.integers(1, 40), min_size=1))
def test_messages_arrive_in_order_whatever_the_pieces(messages, sizes):
    data = b"".join(framed(*message) for message in messages)
    reader, arrived, at, turn = Reader(), [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        arrived += reader.messages(data[at : at + size])
        at, turn = at + size, turn + 1

    assert messages == arrived


def test_what_is_too_large_is_refused_on_both_sides():
    with pytest.raises(ValueError, match="at most"):
        framed("done", 1, b"x" * MOST)
    with pytest.raises(ValueError, match="at most"):
        list(Reader().messages((MOST + 1).to_bytes(4, "big")))


@given(st.binary(min_size=1, max_size=64))
def test_nonsense_is_refused_or_is_a_message(data):
    """Invalid bytes raise nothing but ValueError, which ends the connection."""
    try:
        found = list(Reader().messages(len(data).to_bytes(4, "big") + data))
    except ValueError:
        return
    assert all(isinstance(kind, str) and isinstance(number, int) for kind, number, _ in found)
