"""Failed logins: who guesses is told to wait, and is forgotten in time."""

from __future__ import annotations

import logging

import pytest
from clock import Clock

from agenthost._host.access.failed_logins import FailedLogins


@pytest.fixture
def clock():
    return Clock()


def test_so_many_in_a_minute(clock, caplog):
    """Then one more every few seconds; the log has it once."""
    logins = FailedLogins(lambda: 6, clock=clock)
    with caplog.at_level(logging.WARNING):
        assert [logins.count("192.0.2.1") for _ in range(8)] == [0] * 6 + [10] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "more than 6 failed logins in a minute from 192.0.2.1"
    ]

    clock.now += 7
    assert logins.count("192.0.2.1") == 3
    clock.now += 3
    assert logins.count("192.0.2.1") == 0
    clock.now += 600
    assert [logins.count("192.0.2.1") for _ in range(7)] == [0] * 6 + [10]


def test_clients_do_not_share(clock):
    """But for those of one IPv6 network, which is one subscriber's."""
    logins = FailedLogins(lambda: 1, clock=clock)
    assert [logins.count(each) > 0 for each in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.2")] == [False, False, True]
    assert [logins.count(each) > 0 for each in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [
        False,
        True,
        False,
    ]
    assert [logins.count("unknown") > 0 for _ in range(2)] == [False, True]


def test_the_table_is_bounded(clock):
    """However many addresses an attacker has."""
    logins = FailedLogins(lambda: 1, most=3, clock=clock)
    for number in range(100):
        logins.count(f"192.0.2.{number}")
    assert len(logins) == 3
    assert logins.count("192.0.2.99") > 0
    assert logins.count("192.0.2.1") == 0


def test_none_are_counted_where_that_is_configured(clock):
    """0 is any number."""
    logins = FailedLogins(lambda: 0, clock=clock)
    assert {logins.count("192.0.2.1") for _ in range(100)} == {0}
    assert len(logins) == 0
