"""A clock that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agenthost.testing import Clock


def test_it_stands_still():
    clock = Clock()

    assert (clock.now.isoformat(), clock()) == ("2026-01-05T09:00:00+00:00", 1_767_603_600)
    assert clock() == clock()


def test_it_is_set_and_moved():
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC))
    clock.advance(90)
    clock.advance(timedelta(days=1))
    assert clock.now == datetime(2026, 3, 2, 0, 1, 30, tzinfo=UTC)
    clock.set("2026-03-02T10:00:00+01:00")
    assert clock.now == datetime(2026, 3, 2, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="soon"):
        clock.set("soon")
