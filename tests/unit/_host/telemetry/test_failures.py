"""Failures in the log: each by its id, with a traceback where it is new."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

import pytest
from hypothesis import given, strategies as st

from agenthost._host.telemetry import failures
from agenthost._host.telemetry.call_log import log_later, write_now
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.failures import Failures, new_error_id

LOG = logging.getLogger("agenthost.tools")
OWNER = Owner("dental", "tool", "book")


class UnspeakableError(Exception):
    """Its words cannot be had."""

    def __str__(self):
        raise RuntimeError


def raised(raises, *arguments):
    try:
        raises(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    pytest.fail("it does not raise")


def breaks(words="broken"):
    raise ValueError(words)


def breaks_elsewhere():
    raise ValueError("broken")  # the same, at another place


def breaks_because_of(*causes):
    try:
        breaks()
    except ValueError as error:
        raise RuntimeError("deeper") from (error if causes else None)


def logged(caplog, *errors, log=None):
    """Return the log of consecutive failures."""
    log = log or Failures(LOG)
    caplog.clear()
    with caplog.at_level(logging.INFO, "agenthost.tools"):
        for number, error in enumerate(errors):
            log.failed(OWNER, error, f"e-{number}")
        write_now()
    return caplog.records


def test_the_first_of_its_kind_comes_with_its_traceback(caplog):
    """The next ones name it, in a line each, with their own id and words."""
    first, second, third = logged(caplog, raised(breaks), raised(breaks, "once more\n" + "x" * 999), raised(breaks))

    assert first.getMessage() == "tool book of agent dental failed (e-0)"
    assert first.exc_info[1].args == ("broken",)
    assert first.fields == {"agent": "dental", "tool": "book", "error_id": "e-0"}
    assert second.getMessage().startswith("tool book of agent dental failed (e-1) like e-0: ValueError: once more xxx")
    assert len(second.getMessage()) < 400
    assert second.fields == {"agent": "dental", "tool": "book", "error_id": "e-1", "like": "e-0"}
    assert third.getMessage().endswith("(e-2) like e-0: ValueError: broken")
    assert not second.exc_info


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (raised(breaks), raised(breaks_elsewhere)),
        (raised(breaks_because_of), raised(breaks_because_of, breaks)),
        (raised(breaks), KeyboardInterrupt()),
        (ValueError(), TypeError()),
    ],
    ids=["another line", "another cause", "another kind", "nowhere"],
)
def test_what_reads_otherwise_has_a_traceback_of_its_own(caplog, one, other):
    """Another place, another cause, another exception."""
    records = logged(caplog, one, other, one)

    assert [bool(record.exc_info) for record in records] == [True, True, False]


def test_what_goes_on_is_told_in_full_from_time_to_time(caplog, monkeypatch):
    """So that the end of a log is enough."""
    monkeypatch.setattr(failures, "AGAIN", 0.0)

    assert all(record.exc_info for record in logged(caplog, raised(breaks), raised(breaks)))


def test_words_that_cannot_be_read_are_no_failure(caplog):
    """Of an exception whose ``str`` raises the second is logged as well."""
    error = raised(lambda: (_ for _ in ()).throw(UnspeakableError()))

    assert logged(caplog, error, error)[1].getMessage().endswith("UnspeakableError: (its words cannot be read)")


@given(st.lists(st.sampled_from([raised(breaks), raised(breaks_elsewhere), ValueError()]), max_size=12))
def test_each_way_to_fail_is_told_in_full_once(errors):
    """And every failure has a line."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    LOG.addHandler(handler)
    try:
        log = Failures(LOG)
        for number, error in enumerate(errors):
            log.failed(OWNER, error, str(number))
        write_now()
    finally:
        LOG.removeHandler(handler)

    assert sum(bool(record.exc_info) for record in records) == len(set(map(id, errors)))
    assert {record.fields["error_id"] for record in records} == {str(number) for number in range(len(errors))}


def test_no_more_ways_are_known_than_fit(caplog, monkeypatch):
    """An agent that makes up exceptions does not fill the memory."""
    monkeypatch.setattr(failures, "_MOST_WAYS", 3)
    log = Failures(LOG)

    logged(caplog, *(type(f"Error{number}", (Exception,), {})() for number in range(9)), log=log)

    assert len(log._told) == 3


def test_ids_differ():
    """Each failure has one of its own."""
    assert len({new_error_id() for _ in range(99)}) == 99


def test_what_is_just_being_written_is_waited_for():
    """A process that ends waits for entries that another thread is writing."""
    begun, go_on, written = threading.Event(), threading.Event(), []

    class Slow(logging.Handler):
        def emit(self, record):
            begun.set()
            assert go_on.wait(30)
            written.append(record.getMessage())

    handler = Slow()
    LOG.addHandler(handler)
    try:
        log_later(LOG, logging.ERROR, "at last", {})
        assert begun.wait(30)
        waits = threading.Thread(target=write_now)
        waits.start()
        waits.join(0.05)
        early = list(written), waits.is_alive()
        go_on.set()
        waits.join(30)
    finally:
        go_on.set()
        LOG.removeHandler(handler)

    assert early == ([], True)
    assert written == ["at last"]


@pytest.mark.slow
def test_forked_processes_make_ids_of_their_own():
    code = (
        "import os\n"
        "from agenthost._host.telemetry.failures import new_error_id\n"
        "for _ in range(2):\n"
        "    if not (child := os.fork()):\n"
        "        print(new_error_id(), flush=True)\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert len(set(done.stdout.split())) == 2
