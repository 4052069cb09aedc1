"""Recent lines: those that are wanted, without secrets, and not more than fit."""

from __future__ import annotations

import io
import json
import logging

import pytest

from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.telemetry import recent_lines as module
from agenthost._host.telemetry.call_log import DelayedLine, EndedCall
from agenthost._host.telemetry.current_call import Owner
from agenthost._host.telemetry.log import JsonLines, TextLines, _Handler
from agenthost._host.telemetry.recent_lines import MOST, RecentLines, recent_lines
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost.secret import Secret


def line(event, **fields):
    return json.dumps({"timestamp": f"2026-11-30T00:00:{event:02}Z", "event": event, **fields}) + "\n"


@pytest.fixture
def recent():
    kept = RecentLines()
    kept.add(line(1, agent="sales", call="c-1") + line(2, agent="billing", call="c-2"), severe=False)
    kept.add(line(3, agent="sales", call="c-1", error_id="e-1", exception="Traceback"), severe=True)
    kept.add(line(4, agent="sales", call="c-2", error_id="e-2", like="e-1"), severe=True)
    return kept


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        ({}, [1, 2, 3, 4]),
        ({"agent": "sales"}, [1, 3, 4]),
        ({"call": "c-2"}, [2, 4]),
        ({"agent": "sales", "call": "c-2"}, [4]),
        ({"error": "e-1"}, [3]),
        ({"error": "e-2"}, [3, 4]),
        ({"error": "e-3"}, []),
    ],
    ids=str,
)
def test_lines_are_found(recent, wanted, events):
    """For a failure that repeats another, the traceback is there, too."""
    assert [each["event"] for each in recent.find(wanted)[0]] == events


def test_the_latest_of_many_lines_keep_their_order():
    """Also those of the same moment, and without reading the others."""
    kept = RecentLines()
    kept.add("not JSON\n", severe=False)
    for number in range(MOST + 10):
        kept.add(line(7, logger="agenthost.calls", number=number), severe=number % 2 == 0)

    for wanted in ({}, {"logger": "agenthost.calls"}):
        assert [each["number"] for each in kept.find(wanted)[0]] == list(range(10, MOST + 10))


def test_lines_after_those_that_were_seen(recent):
    _, last = recent.find({})
    recent.add(line(5), severe=False)

    assert [each["event"] for each in recent.find({}, last)[0]] == [5]
    assert recent.find({}, last + 1) == ([], last + 1)


def test_many_calls_do_not_displace_an_error(recent, monkeypatch):
    monkeypatch.setattr(module, "_MOST_SIZE", 20_000)
    for _ in range(1000):
        recent.add(line(9, agent="sales"), severe=False)

    found, _ = recent.find({"agent": "sales"})
    assert {each["event"] for each in found} == {3, 4, 9}
    assert 100 < len(found) < 400
    assert recent._calm.size <= 20_000
    assert len(recent.find({})[0]) <= MOST


@pytest.mark.parametrize("form", [JsonLines, lambda hidden: TextLines(hidden, colors=False)], ids=["json", "text"])
def test_the_log_is_kept_without_secrets(form):
    hidden = SecretRedactor(Config(host=HostConfig(passwords=(Secret("tell-nobody"),))))
    handler = _Handler(io.StringIO())
    handler.setFormatter(form(hidden))
    recent_lines.clear()
    error = ValueError("tell-nobody")
    known = {"exc_info": (ValueError, error, None), "levelno": logging.ERROR, "name": "agenthost.tools"}
    handler.emit(logging.makeLogRecord({**known, "msg": "failed with tell-nobody"}))
    again = DelayedLine(1e9, "agenthost.tools", logging.ERROR, "again", {"agent": "desk", "error_id": "e-2"})
    handler.handle_many([EndedCall(1e9, Owner("desk", "tool", "tell-nobody"), "c-1", 0.1, "ok", None), again])
    handler.handle_many([EndedCall(1e9, Owner("desk", "tool", "book"), "c-2", 0.1, "ok", None)])

    found, _ = recent_lines.find({})
    recent_lines.clear()
    assert sorted(each["event"] for each in found) == [
        "again",
        "failed with ***",
        "tool *** of agent desk: ok in 100.0 ms",
        "tool book of agent desk: ok in 100.0 ms",
    ]
    assert "tell-nobody" not in str(found)
