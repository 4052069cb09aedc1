"""Properties of health reports, for any results of probes."""

from __future__ import annotations

from hypothesis import given, strategies as st

from agenthost import Probe
from agenthost.health import Outcome, Standing, Status, aggregate

KEYS = ("sales", "support", "billing")
probes = st.builds(
    Probe,
    st.just("x"),
    st.just(print),
    critical=st.booleans(),
    startup=st.booleans(),
    agent=st.sampled_from((None, *KEYS)),
    failures=st.integers(1, 4),
    successes=st.integers(1, 4),
)
standings = st.builds(Standing, st.sampled_from(Status))
asked = st.lists(st.tuples(probes, standings), max_size=12)


def decides(probe):
    return probe.critical or probe.startup


@given(asked)
def test_who_is_failing(found):
    """A group fails exactly if something that decides in it is not well."""
    verdict = aggregate(found)
    groups = {None: verdict.host, **{key: verdict.of(key) for key in KEYS}}

    for group, status in groups.items():
        own = [(probe, standing.status) for probe, standing in found if probe.agent == group]
        fails = any(decides(probe) and status is not Status.OK for probe, status in own)
        hurt = any(status is Status.FAILING for _, status in own)
        assert status == ("failing" if fails else "degraded" if hurt else "ok")


@given(asked)
def test_when_a_host_is_ready(found):
    """While no critical probe of its own fails, and not every agent does."""
    verdict = aggregate(found)
    all_fail = all(verdict.of(key) == "failing" for key in KEYS)

    assert verdict.ready(KEYS) is (verdict.host != "failing" and not all_fail)
    assert not verdict.ready(())
    assert (verdict.status(KEYS) == "failing") is not verdict.ready(KEYS)


@given(asked, st.randoms(use_true_random=False))
def test_order_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)

    assert aggregate(found) == aggregate(shuffled)


@given(asked)
def test_an_agent_never_keeps_the_host_from_starting(found):
    """Once its probe is decided, well or not."""
    decided = [(probe, standing) for probe, standing in found if standing.status is not Status.PENDING]
    foreign = [(probe, standing) for probe, standing in decided if probe.agent is not None]

    assert aggregate(foreign).started
    waits = any(p.startup and p.agent is None and s.status is Status.FAILING for p, s in decided)
    assert aggregate(decided).started is not waits


@given(probes, st.lists(st.booleans(), max_size=40))
def test_a_status_changes_only_after_enough_checks_in_a_row(probe, checks):
    standing, run, before = Standing(), 0, None
    for ok in checks:
        run = run + 1 if ok is before else 1
        before = ok
        was, standing = standing.status, standing.after(Outcome(ok=ok), probe, 0.0)
        if standing.status is not was and was is not Status.PENDING:
            assert run >= (probe.successes if ok else probe.failures)
        if run >= max(probe.successes, probe.failures):
            assert standing.status is (Status.OK if ok else Status.FAILING)
