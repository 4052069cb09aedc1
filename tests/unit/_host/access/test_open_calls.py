"""The calls in progress of one process, and of the others of its generation."""

import pickle

from hypothesis import given, strategies as st

from agenthost._host.access import open_calls
from agenthost._host.access.open_calls import OpenCalls

CALL = ("/desk", "c-1")
LIFETIME = 100


def begun(*calls):
    known = OpenCalls()
    known.begun.update(dict.fromkeys(calls, LIFETIME))
    return known


def test_a_call_ends_with_its_summary_or_with_its_last_token():
    known = begun(CALL, ("/desk", "c-2"))
    assert (known.number(0.0), known.over(0.0)) == (2, False)
    known.end("/desk", "c-1", None)
    assert known.number(0.0) == 1
    assert (known.number(LIFETIME + 0.5), known.over(LIFETIME + 0.5)) == (0, True)


def test_a_call_may_end_by_the_id_of_its_conversation():
    """The platform's chat service fetches the document under that."""
    known = begun(("/desk", "conversation"))
    known.end("/desk", "c-9", "conversation")

    assert known.over(0.0)


def test_the_end_of_a_call_with_one_agent_is_not_its_end_with_another():
    known = begun(CALL, ("/other", "c-1"))
    known.end(*CALL)

    assert known.number(0.0) == 1


def test_a_call_may_end_at_once_and_come_back():
    known = begun(CALL)
    known.end(*CALL)
    assert known.over(0.0)
    known.begun[CALL] = LIFETIME
    assert known.number(0.0) == 1


def test_another_document_makes_a_call_last_longer():
    known = begun(CALL)
    known.settle(0.0)
    known.begun[CALL] = LIFETIME
    known.settle(50.0)

    assert (known.over(LIFETIME + 1.0), known.over(LIFETIME + 51.0)) == (False, True)


def test_calls_of_several_processes():
    """A call may begin in one and end in another."""
    one, two = begun(CALL, ("/desk", "c-2")), begun(("/desk", "c-3"))
    two.end("/desk", "c-2")
    one.end("/desk", "c-3")
    two.add(pickle.loads(pickle.dumps(one.report(0.0))), 0.0)  # noqa: S301 - as between processes

    assert two.report(0.0).open == {CALL: LIFETIME}
    two.end(*CALL)
    assert two.over(0.0)


def test_many_calls_are_not_known_one_by_one(monkeypatch):
    """The process stays until the tokens of all have expired."""
    monkeypatch.setattr(open_calls, "_MOST", 3)
    known = begun(*(("/desk", str(number)) for number in range(5)))
    known.settle(0.0)
    assert known.number(0.0) == 3
    for number in range(5):
        known.end("/desk", str(number))

    assert known.number(0.0) == 0
    assert not known.over(LIFETIME - 1.0)
    assert known.over(LIFETIME + 0.0)
    for number in range(9):
        known.end("/desk", f"elsewhere {number}")
    assert known.report(0.0).ended == tuple(("/desk", f"elsewhere {number}") for number in (6, 7, 8))
    other = OpenCalls()
    other.add(known.report(0.0), 0.0)
    assert not other.over(LIFETIME - 1.0)


@given(st.lists(st.tuples(st.sampled_from(["begin", "end"]), st.integers(0, 3), st.booleans())))
def test_the_calls_of_two_processes_are_those_that_have_begun_and_not_ended(events):
    """It does not matter which process sees what."""
    processes, seen, expected = (OpenCalls(), OpenCalls()), set(), set()
    for kind, number, second in events:
        call = ("/desk", str(number))
        if kind == "begin" and call not in seen:
            processes[second].begun[call] = LIFETIME
            seen.add(call)
            expected.add(call)
        elif kind == "end" and call in expected:
            processes[second].end(*call)
            expected.discard(call)
    processes[0].add(processes[1].report(0.0), 0.0)

    assert set(processes[0].report(0.0).open) == expected
