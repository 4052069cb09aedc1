"""Known logins: credentials that have succeeded from somewhere within a day."""

import os
import stat

import pytest
from clock import Clock

from agenthost._host.access.known_logins import KnownLogins

PAIR = b"Basic ZGVzazpjb3JyZWN0"


@pytest.fixture
def clock():
    return Clock()


def test_knows_the_pair_and_the_client_together_for_a_day(clock):
    known = KnownLogins(b"key", clock)
    known.add("192.0.2.1", PAIR)

    assert known.has("192.0.2.1", PAIR)
    assert not known.has("192.0.2.2", PAIR)
    assert not known.has("192.0.2.1", PAIR + b"=")
    clock.now += 86399
    assert known.has("192.0.2.1", PAIR)
    clock.now += 1
    assert not known.has("192.0.2.1", PAIR)
    known.add("192.0.2.1", PAIR)
    assert known.has("192.0.2.1", PAIR)


def test_is_bounded_and_forgets_the_oldest(clock):
    known = KnownLogins(b"key", clock)
    for number in range(20000):
        clock.now += 1
        known.add(f"client {number}", PAIR)

    found = [number for number in range(20000) if known.has(f"client {number}", PAIR)]
    assert len(found) <= 8192
    assert set(range(19900, 20000)) <= set(found)


def test_processes_and_restarts_share_a_file_that_holds_no_credentials(tmp_path, clock):
    first, second, other = KnownLogins(b"key", clock), KnownLogins(b"key", clock), KnownLogins(b"another", clock)
    for each in (first, second, other):
        each.table.keep_in(str(tmp_path))
    first.add("192.0.2.1", PAIR)

    assert second.has("192.0.2.1", PAIR)
    assert not other.has("192.0.2.1", PAIR)
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(part in file.read_bytes() for part in (b"192.0.2.1", PAIR, b"ZGVzaz"))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_can_write_is_not_believed(tmp_path, clock, caplog):
    (tmp_path / "logins").touch()
    (tmp_path / "logins").chmod(0o666)
    known = KnownLogins(b"key", clock)
    known.table.keep_in(str(tmp_path))
    known.add("192.0.2.1", PAIR)

    assert known.has("192.0.2.1", PAIR)
    assert (tmp_path / "logins").read_bytes() == b""
    assert "successful logins are kept in memory only: " in caplog.text


def test_no_directory_is_made_for_it(tmp_path, clock):
    known = KnownLogins(b"key", clock)
    known.table.keep_in(str(tmp_path / "state"))
    known.add("192.0.2.1", PAIR)

    assert known.has("192.0.2.1", PAIR)
    assert not (tmp_path / "state").exists()
