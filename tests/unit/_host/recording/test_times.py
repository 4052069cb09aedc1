"""Times in records: whatever a summary has brought, they are shown or left out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from agenthost._host.recording.times import moment_of, seconds_of

ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


def test_a_time_of_the_platform():
    assert moment_of(1_790_000_000_000_000) == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert seconds_of({"began": 1_000_000, "ended": 3_500_000}) == 2.5


@pytest.mark.parametrize("record", [{}, {"began": 1}, {"began": "1", "ended": 2}])
def test_a_duration_that_is_not_known(record):
    assert seconds_of(record) is None


@given(ANY, ANY)
def test_no_value_raises(began, ended):
    assert moment_of(began) is None or moment_of(began).tzinfo is UTC
    assert isinstance(seconds_of({"began": began, "ended": ended}), (float, type(None)))
