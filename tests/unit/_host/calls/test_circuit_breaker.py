"""The circuit breaker.

It opens after failures in a row, or blocks of the event loop, and closes after a successful call.
"""

from __future__ import annotations

import pytest
from clock import Clock

from agenthost._host.calls.circuit_breaker import DISTURBANCES, DISTURBANCES_WITHIN, Breaker


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def breaker(clock, changes):
    """One that opens after three failures, for ten seconds."""
    return Breaker(3, 10.0, changes.append, clock)


def fail(breaker, times=3):
    for number in range(times):
        breaker.failed(f"e-{number}", tried=False)


def test_failures_in_a_row_open_it(breaker, changes):
    """Its id is that of the last failure, and it opens once."""
    fail(breaker, 5)

    assert breaker.open
    assert changes == ["3 failures in a row"]
    assert breaker.id == "e-4"


def test_a_call_that_works_in_between_keeps_it_closed(breaker):
    fail(breaker, 2)
    breaker.worked(tried=False)
    fail(breaker, 2)

    assert not breaker.open


def test_one_call_is_tried_after_a_while(breaker, clock, changes):
    """Only one call is tried at a time.

    Its success closes the breaker.
    """
    fail(breaker)
    early = breaker.try_one()
    clock.now += 10
    tried = [breaker.try_one(), breaker.try_one()]
    breaker.worked(tried=False)
    still_open = breaker.open
    breaker.worked(tried=True)

    assert [early, *tried] == [False, True, False]
    assert still_open
    assert not breaker.open
    assert changes == ["3 failures in a row", None]


def test_a_tried_call_that_fails_keeps_it_open(breaker, clock, changes):
    fail(breaker)
    clock.now += 10
    breaker.try_one()
    breaker.failed("e-late", tried=True)
    at_once = breaker.try_one()
    clock.now += 10

    assert (breaker.open, breaker.id, at_once, breaker.try_one()) == (True, "e-late", False, True)
    assert len(changes) == 1


def test_a_tried_call_without_a_verdict_leaves_room_for_the_next(breaker, clock):
    """Such as one whose arguments were refused."""
    fail(breaker)
    clock.now += 10
    breaker.try_one()
    breaker.undecided(tried=True)

    assert breaker.open
    assert breaker.try_one()


@pytest.mark.parametrize(("apart", "opens"), [(1.0, True), (DISTURBANCES_WITHIN, False)])
def test_blocks_of_the_event_loop_open_it(breaker, clock, apart, opens):
    """Several within a minute."""
    for _ in range(DISTURBANCES):
        breaker.blocked("e-block")
        clock.now += apart

    assert breaker.open is opens


def test_each_sort_of_disturbance_counts(breaker, changes):
    """Together, and the reason names those that there were."""
    breaker.blocked("e-1")
    breaker.exited("e-2")
    breaker.worked(tried=False)
    breaker.blocked("e-3")

    assert breaker.id == "e-3"
    assert changes == ["it blocked the event loop or tried to end the process 3 times within 60 s"]


def test_one_that_is_switched_off_stays_closed(changes):
    breaker = Breaker(0, 10.0, changes.append)
    fail(breaker, 100)
    for _ in range(DISTURBANCES):
        breaker.blocked("e-block")

    assert not breaker.open
