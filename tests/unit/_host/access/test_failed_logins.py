"""Failed logins: a client that guesses waits, longer each time, and is forgotten in time."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys

import pytest
from clock import Clock

from agenthost._host.access.failed_logins import FailedLogins


@pytest.fixture
def clock():
    return Clock()


def test_so_many_in_a_minute(clock, caplog):
    """Further attempts have to wait, which the log reports once.

    The wait does not grow while it lasts.
    """
    logins = FailedLogins(lambda: 6, b"key", clock)
    with caplog.at_level(logging.WARNING):
        assert [logins.count("192.0.2.1", "desk") for _ in range(8)] == [0] * 6 + [10] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "more than 6 failed logins in a minute from 192.0.2.1"
    ]

    clock.now += 7
    assert (logins.wait("192.0.2.1", "desk"), logins.count("192.0.2.1", "desk")) == (3, 3)
    clock.now += 3
    assert (logins.wait("192.0.2.1", "desk"), logins.count("192.0.2.1", "desk")) == (0, 0)


def test_waits_double(clock):
    """Waits grow up to a quarter of an hour.

    An hour without a failure makes them short again.
    """
    logins = FailedLogins(lambda: 60, b"key", clock)
    waits = []
    for _ in range(14):
        while not (wait := logins.count("192.0.2.1", "desk")):
            pass
        waits.append(wait)
        clock.now += wait
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]

    clock.now += 3601
    while not (wait := logins.count("192.0.2.1", "desk")):
        pass
    assert wait == 1


def test_guesses_in_a_day(clock):
    """A guesser who retries after each wait has few attempts.

    Without waits, 20 a minute would be 28,800.
    """
    logins = FailedLogins(lambda: 20, b"key", clock)
    guesses, day = 0, clock.now + 86400
    while clock.now < day:
        guesses += 1
        clock.now += logins.count("192.0.2.1", "desk")

    assert guesses < 2500


def test_clients_do_not_share(clock):
    """But for those of one IPv6 network, which is one subscriber's."""
    logins = FailedLogins(lambda: 1, b"key", clock)
    assert [logins.count(each, "desk") > 0 for each in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.2")] == [
        False,
        False,
        True,
    ]
    assert [logins.count(each, "desk") > 0 for each in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [
        False,
        True,
        False,
    ]
    assert [logins.count("unknown", "desk") > 0 for _ in range(2)] == [False, True]


def test_users_do_not_share(clock):
    """A guesser of one user's password delays no other user.

    Invented users give no more attempts.
    """
    logins = FailedLogins(lambda: 1, b"key", clock)
    assert [logins.count("192.0.2.1", user) > 0 for user in ("desk", "books", "desk")] == [False, False, True]
    assert (logins.wait("192.0.2.1", "desk") > 0, logins.wait("192.0.2.1", "books") > 0) == (True, False)

    asked = [logins.count("192.0.2.1", f"user {number}") for number in range(1000)]

    assert sum(wait == 0 for wait in asked) == 15
    assert logins.wait("192.0.2.1", "one more") > 0


def test_nobody_waits_unless_somebody_does(clock):
    logins = FailedLogins(lambda: 1, b"key", clock)
    assert not logins.waiting
    for _ in range(2):
        logins.count("192.0.2.1", "desk")
    assert logins.waiting
    clock.now += 61
    assert not logins.waiting


def test_the_table_is_bounded(clock):
    """It does not grow with addresses, and forgets the oldest."""
    logins = FailedLogins(lambda: 1, b"key", clock)
    size = len(logins.table.opened())
    for number in range(10000):
        clock.now += 0.001
        logins.count(f"client {number}", "desk")

    assert len(logins.table.opened()) == size < 256 * 1024
    assert {logins.count(f"client {number}", "desk") > 0 for number in range(9900, 10000)} == {True}
    assert logins.count("client 1", "desk") == 0


def test_processes_count_together(clock, tmp_path):
    """Several workers give no more attempts, and a restart forgets nothing."""
    for _ in range(2):
        workers = [FailedLogins(lambda: 6, b"key", clock) for _ in range(3)]
        for each in workers:
            each.table.keep_in(str(tmp_path))
        waits = [workers[number % 3].count("192.0.2.1", "desk") for number in range(9)]
        assert sum(wait == 0 for wait in waits) in (6, 0)
        assert [each.waiting for each in workers] == [True] * 3
        assert len({each.wait("192.0.2.1", "desk") for each in workers}) == 1
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(part in file.read_bytes() for part in (b"192.0.2.1", b"desk"))


@pytest.mark.slow
def test_processes_at_the_same_time_lose_no_failure(tmp_path):
    """Each failure is counted under a lock."""
    count = """
import sys
from agenthost._host.access.failed_logins import FailedLogins
logins = FailedLogins(lambda: 1000, b"key", lambda: 1.0)
logins.table.keep_in(sys.argv[1])
print(sum(logins.count("192.0.2.1", "desk") == 0 for _ in range(400)))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", count, str(tmp_path)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(4)
    ]
    assert sum(int(each.communicate(timeout=60)[0]) for each in running) == 1000


def test_a_clock_that_is_set_back_makes_nobody_wait_for_days(clock):
    logins = FailedLogins(lambda: 1, b"key", clock)
    for _ in range(2):
        logins.count("192.0.2.1", "desk")
    clock.now -= 86400

    assert logins.wait("192.0.2.1", "desk") <= 900


def test_none_are_counted_where_that_is_configured(clock):
    """0 is any number."""
    logins = FailedLogins(lambda: 0, b"key", clock)
    assert {logins.count("192.0.2.1", "desk") for _ in range(100)} == {0}
    assert not any(logins.table.opened())
