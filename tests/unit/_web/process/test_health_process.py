"""The conditions of workers in the process that answers the health port."""

from __future__ import annotations

import time

import pytest

from agenthost._host.runtime.condition import Condition, Phase
from agenthost._web.process.health_process import KnownWorkers

SERVING = Condition(Phase.SERVING)


@pytest.fixture
def known():
    """Two workers, of which neither has reported."""
    known = KnownWorkers()
    known.have((1, 2))
    return known


def test_a_host_without_reports_is_starting(known):
    assert known.condition().phase is Phase.STARTING


def test_one_serving_worker_is_enough(known):
    known.report(1, time.monotonic(), Condition())
    known.report(2, time.monotonic(), SERVING)

    assert known.condition().phase is Phase.SERVING


def test_silence_counts_as_a_blocked_event_loop(known):
    """A blocked worker cannot report it itself."""
    known.report(1, time.monotonic() - 7, SERVING)

    assert known.condition().stands_still == pytest.approx(7, abs=1)


def test_a_worker_that_is_gone_counts_no_longer(known):
    """A report that arrives late does not bring it back."""
    known.report(1, time.monotonic(), SERVING)
    known.have((2,))
    known.report(1, time.monotonic(), SERVING)

    assert known.condition().phase is Phase.STARTING
