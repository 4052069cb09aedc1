"""The output of an agent's own process, in the host's log."""

import json
import logging
import os

import pytest
from polling import poll_until

from agenthost._host.isolation.process_output import RECORD, follow_output


@pytest.fixture
def written(caplog):
    """Write lines from the process of the agent dental, and return the host's log."""
    caplog.set_level(logging.DEBUG)

    def write(*lines, last="the end"):
        read, write = os.pipe()
        follow_output(read, "dental")
        for line in (*lines, last):
            os.write(write, f"{line}\n".encode("utf-8", "surrogateescape"))
        os.close(write)
        poll_until(lambda: any(each.getMessage() == last for each in caplog.records))
        return [each for each in caplog.records if each.getMessage() != last]

    return write


def entry(level=logging.INFO, name="calendar", words="booked", fields=None):
    return RECORD + json.dumps([level, name, words, fields or {}])


def test_an_entry_has_the_agents_logger_and_fields(written):
    [record] = written(
        entry(
            logging.WARNING, fields={"tool": "book", "call": "c-1", "request_id": "r", "agent": "other", "levelno": 50}
        )
    )

    assert (record.name, record.levelno, record.getMessage()) == ("agent.dental.calendar", logging.WARNING, "booked")
    assert (record.agent, record.tool, record.call, record.request_id) == ("dental", "book", "c-1", "r")


@pytest.mark.parametrize(
    ("name", "logger"),
    [
        ("root", "agent.dental"),
        ("", "agent.dental"),
        ("agenthost", "agent.dental.agenthost"),
        ("agenthost.access", "agent.dental.agenthost.access"),
        ("a\nb\x1b[2J", "agent.dental.a_b__2J"),
        ("x" * 9999, "agent.dental." + "x" * 100),
    ],
)
def test_a_process_logs_below_its_agent_alone(written, name, logger):
    [record] = written(entry(name=name))

    assert record.name == logger


def test_invented_names_leave_no_loggers(written):
    written(*(entry(name=f"invented{number}") for number in range(20)))

    assert not [name for name in logging.root.manager.loggerDict if "invented" in name]


@pytest.mark.parametrize(
    ("level", "logged"), [(True, 10), (-5, 10), (0, 10), (25, 25), (50, 50), (10**300, 50)], ids=repr
)
def test_a_level_is_one_of_loggings(written, level, logged):
    [record] = written(entry(level))

    assert record.levelno == logged


@pytest.mark.parametrize(
    "line",
    [
        RECORD + '[1e400, "a", "b", {}]',
        RECORD + '[NaN, "a", "b", {}]',
        RECORD + "[" * 16000,
        RECORD + "9" * 5000,
        RECORD + "{}",
        RECORD + '[20, "a", ["b"], {}]',
        RECORD + '[20, null, "b", {}]',
        RECORD + '[20, "a", "b", "tool"]',
        "\udcff\udcfe",
    ],
    ids=range(9),
)
def test_what_is_no_entry_is_output_and_does_not_end_the_reading(written, line):
    [record] = written(line)

    assert (record.name, record.agent) == ("agenthost.output", "dental")
    assert "\x1e" not in record.getMessage()


def test_neither_entries_nor_output_can_move_a_cursor_or_forge_a_line(written):
    records = written(entry(words="booked\r\x1b[2J\u202e\nTraceback:\n\tValueError: \x1b[2J"), "printed\r\x1b[2J\u202e")

    assert [each.getMessage() for each in records] == ["booked\\r\\u001b[2J\\u202e", "printed\\r\\u001b[2J\\u202e"]
    assert records[0].stack_info == "Traceback:\n\tValueError: \\u001b[2J"


def test_a_handler_that_raises_does_not_end_the_reading(written):
    class Broken(logging.Filter):
        def filter(self, record):
            raise RuntimeError("no")

    broken = Broken()
    logging.getLogger("agent.dental").addFilter(broken)
    try:
        [record] = written(entry())
    finally:
        logging.getLogger("agent.dental").removeFilter(broken)

    assert record.getMessage() == "a line of output of agent dental cannot be logged (RuntimeError)"
