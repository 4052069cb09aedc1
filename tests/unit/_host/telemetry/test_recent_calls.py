"""Recent calls: what is counted within five minutes, and nothing older."""

import sys
import threading
from collections import Counter

from hypothesis import example, given, strategies as st

from agenthost._host.telemetry.current_call import Owner, calling
from agenthost._host.telemetry.recent_calls import HOURS, MINUTES, CallNotes, History, RecentCalls
from agenthost.state.scope import OwnScope, Scope

ENDED = st.tuples(
    st.floats(0, 3600), st.sampled_from(["ok", "refused", "busy", "failed", "timeout"]), st.floats(1e-6, 100)
)


@given(st.lists(ENDED, max_size=60), st.floats(0, 7200))
def test_counts_what_has_ended_lately(ended, later):
    """A call counts for five minutes, within ten seconds."""
    now = [0.0]
    recent = RecentCalls(lambda: now[0])
    for when, outcome, seconds in sorted(ended):
        now[0] = when
        recent.ended("sales", outcome, [seconds])
    now[0] = max([later, *(when for when, *_ in ended)])
    surely = [outcome for when, outcome, _ in ended if when > now[0] - MINUTES * 60 + 10]
    perhaps = [outcome for when, outcome, _ in ended if when > now[0] - MINUTES * 60 - 10]
    report = recent.report("sales")

    assert len(surely) <= report["calls"] <= len(perhaps)
    assert sum(report["slots"].values()) == report["calls"]
    failed = [sum(outcome in ("failed", "timeout") for outcome in each) for each in (surely, perhaps)]
    assert failed[0] <= report["failures"] <= failed[1]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9000)), max_size=8))
@example([("a", 9000), ("b", 9000), ("a", 9000)])
@example([("a", 9000), ("a", 9000), ("a", 9000)])
def test_the_latest_notes_are_kept(ended):
    """All of the latest call, and at most twenty thousand."""
    notes = CallNotes(lambda: True)
    for call, number in ended:
        for _ in range(number):
            notes.tool_ended(Owner("desk", "tool", "book"), call, 0.5)
    found = {call: len(notes.report(call)) for call in "abc"}

    assert sum(found.values()) <= 20_000
    if ended:
        assert found[ended[-1][0]] >= ended[-1][1]


def test_notes_are_of_calls_that_are_recorded():
    wanted = [False]
    notes = CallNotes(lambda: wanted[0])
    for wanted[0] in (False, True):
        for call in ("", "call-1"):
            token = calling.set(call)
            notes.tool_ended(Owner("desk", "tool", "book"), call, 0.5)
            notes.changed("set", Scope("host", "a/b").prefix("data") + b"x/y", b"1")
            notes.changed("set", OwnScope("claims").prefix("data") + b"x", b"1")
            notes.changed("set", Scope("agent", "desk").prefix("lock") + b"x", b"1")
            calling.reset(token)
    [tool, change] = notes.report("call-1")

    assert notes.report("") == []
    assert (tool["agent"], tool["part"], tool["seconds"]) == ("desk", "book", 0.5)
    assert (change["what"], change["scope"], change["key"], change["value"]) == ("set", "host a/b", "x/y", "1")


def test_other_failures_count_without_a_call():
    recent = RecentCalls(lambda: 0.0)
    recent.failed("sales")

    assert recent.report("sales") == {"calls": 0, "failures": 1, "slots": {}}
    assert recent.report("nobody") == {"calls": 0, "failures": 0, "slots": {}}


def test_any_thread_may_read_while_another_counts():
    """The status is read beside the event loop."""
    now, ended = [0.0], threading.Event()
    recent = RecentCalls(lambda: now[0])

    def count():
        for number in range(3000):
            now[0] += 10
            recent.ended("sales", "ok", [1.4 ** (number % 40) / 1000 for _ in range(10)])
        ended.set()

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread = threading.Thread(target=count)
        thread.start()
        while not ended.is_set():
            report = recent.report("sales")
            assert sum(report["slots"].values()) == report["calls"]
    finally:
        sys.setswitchinterval(usual)
        thread.join()


@given(st.lists(ENDED, max_size=40))
def test_a_history_has_each_call_in_its_minute(ended):
    """Those of three hours, however they are spread."""
    now = [0.0]
    history = History(lambda: now[0])
    for when, outcome, seconds in sorted(ended):
        now[0] = when
        history.ended(outcome, [seconds])
    report = {each["minute"]: each for each in history.report()}
    minutes = Counter(int(when // 60) for when, *_ in ended)

    assert {minute: each["calls"] for minute, each in report.items()} == minutes
    assert all(sum(each["slots"].values()) == each["calls"] for each in report.values())
    assert sum(each["failures"] for each in report.values()) == sum(
        outcome in ("failed", "timeout") for _, outcome, _ in ended
    )


def test_a_history_forgets_what_is_older():
    now = [0.0]
    history = History(lambda: now[0])
    history.ended("ok", [0.1])
    history.note("logins")
    now[0] = 59 * 60.0
    history.note("logins")

    assert (history.total("logins", 60), history.total("logins", 59)) == (2, 1)
    now[0] = HOURS * 3600.0
    assert [each["calls"] for each in history.report()] == [0]


def test_a_sample_is_due_once_a_minute():
    now = [600.0]
    history = History(lambda: now[0])
    due = [history.due(), history.due()]
    now[0] = 660.0
    history.sample()

    assert (due, history.due()) == ([True, False], True)
    assert history.report()[0]["memory"] > 0
