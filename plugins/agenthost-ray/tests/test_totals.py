"""Metrics of all replicas together: no counter goes down, whatever becomes of the replicas."""

from __future__ import annotations

from agenthost_ray.totals import Totals
from hypothesis import given, strategies as st

TEXT = """# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{{agent="a"}} {calls}
# HELP seconds Duration.
# TYPE seconds histogram
seconds_bucket{{le="1.0"}} {calls}
seconds_count {calls}
# HELP agenthost_running Running calls.
# TYPE agenthost_running gauge
agenthost_running 1.0
# HELP agenthost_ready Readiness.
# TYPE agenthost_ready gauge
agenthost_ready {ready}
"""
REPLICAS = st.integers(0, 4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("counts"), REPLICAS),
        st.tuples(st.just("is killed"), REPLICAS),
        st.tuples(st.just("ends"), REPLICAS),
        st.tuples(st.just("is slow"), REPLICAS),
    ),
    max_size=40,
)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def text(calls, ready=1.0):
    return TEXT.format(calls=float(calls), ready=ready)


def numbers(totals):
    lines = (line.rpartition(" ") for line in totals.text().splitlines() if not line.startswith("#"))
    return {beginning: float(number) for beginning, _, number in lines}


def test_replicas_are_added_up():
    totals = Totals(Clock())
    totals.push("first", text(3))
    totals.push("second", text(4, ready=0.0))

    assert numbers(totals) == {
        'calls_total{agent="a"}': 7.0,
        'seconds_bucket{le="1.0"}': 7.0,
        "seconds_count": 7.0,
        "agenthost_running": 2.0,
        "agenthost_ready": 0.0,
    }
    assert totals.text().startswith("# HELP calls_total Calls.\n# TYPE calls_total counter\n")


def test_counts_of_a_replica_that_ended_stay():
    """Its gauges go with it."""
    clock = Clock()
    totals = Totals(clock)
    totals.push("first", text(3))
    totals.end("second", text(4))
    clock.now = 11.0
    totals.push("third", text(1))

    assert numbers(totals)["seconds_count"] == 8.0
    assert numbers(totals)["agenthost_running"] == 1.0
    assert list(totals.replicas()) == ["third"]


@given(STEPS)
def test_no_counter_goes_down(steps):
    """It is the sum of the last reports of all replicas, also of ended ones."""
    clock = Clock()
    totals, names, counted, before = Totals(clock), dict.fromkeys(range(5), 0), {}, 0.0
    for what, number in steps:
        name = f"{number}-{names[number]}"
        if what == "is slow":
            clock.now += 11.0
            totals.text()
        counted[name] = counted.get(name, 0) + 1
        (totals.end if what == "ends" else totals.push)(name, text(counted[name]))
        if what in ("is killed", "ends"):
            names[number] += 1
        now = numbers(totals)["seconds_count"]
        assert before <= now == sum(counted.values())
        before = now
