"""Probes: how they are declared, what their results mean, and when they change their mind."""

from __future__ import annotations

import pytest

from agenthost import AgentBase, DefinitionError, Probe, ProbeResult, probe
from agenthost.health import Outcome, Standing, Status, outcome_of, probes_of

WELL, ILL = Outcome(ok=True), Outcome(ok=False, error="OSError")


class Dental(AgentBase):
    """Has a probe of each kind."""

    def __init__(self):
        super().__init__(name="dental")

    @probe
    def bare(self):
        return self.name == "dental"

    @probe(name="calendar", critical=True, timeout=0.5, interval=2, failures=3, successes=4, startup=True)
    async def calendar_answers(self):
        """Looks at its calendar."""


class Louder(Dental):
    @probe(name="calendar")
    def calendar_answers(self):
        return False

    bare = None


def test_an_agent_declares_probes_as_methods():
    """The decorator has arguments or none.

    The check is the bound method.
    """
    bare, calendar = probes_of(Dental())

    assert (bare.name, bare.timeout, bare.interval, bare.critical) == ("bare", 1.0, 5.0, False)
    assert bare.check() is True
    assert calendar.name == "calendar"
    assert (calendar.critical, calendar.startup) == (True, True)
    assert (calendar.timeout, calendar.interval, calendar.failures, calendar.successes) == (0.5, 2, 3, 4)


def test_a_subclass_has_the_last_word():
    """It replaces probes of its base class, and takes them away."""
    (calendar,) = probes_of(Louder())

    assert calendar.check() is False
    assert calendar.critical is False


def test_two_probes_of_one_name():
    class Twice(Dental):
        @probe(name="bare")
        def other(self):
            pass

    with pytest.raises(DefinitionError, match="Twice: two of its probes are called 'bare'"):
        probes_of(Twice())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "probe '': name must be a word"),
        ({"name": "x" * 65}, "name must be a word"),
        ({"name": "a\nb"}, "name must be a word"),
        ({"check": "ping"}, "probe 'calendar': check must be a function, not str"),
        ({"timeout": 0}, "probe 'calendar': timeout must be a number of seconds above 0, up to 86400, not 0"),
        ({"timeout": float("nan")}, "timeout must be a number"),
        ({"interval": True}, "interval must be a number"),
        ({"failures": 0}, "probe 'calendar': failures must be 1 or more, not 0"),
        ({"successes": 1.5}, "successes must be 1 or more, not 1.5"),
        ({"critical": "yes"}, "probe 'calendar': critical must be True or False, not 'yes'"),
        ({"startup": None}, "startup must be True or False"),
        ({"agent": ""}, "probe 'calendar': agent must be the name of an agent, or None, not ''"),
    ],
)
def test_what_cannot_be_a_probe(fields, reason):
    """The error names the probe, the field and what it may be."""
    with pytest.raises(DefinitionError) as caught:
        Probe(**{"name": "calendar", "check": print, **fields})

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("returned", "ok", "error"),
    [
        (None, True, ""),
        (True, True, ""),
        (ProbeResult(), True, ""),
        (False, False, "False"),
        (ProbeResult(ok=False, reason="late"), False, "ProbeResult"),
        ("ok", False, "nonsense"),
        (1, False, "nonsense"),
        (ProbeResult(ok="no"), False, "nonsense"),
    ],
)
def test_what_a_result_means(returned, ok, error):
    """An unknown result counts as a failure, with a reason."""
    outcome = outcome_of(returned)

    assert (outcome.ok, outcome.error) == (ok, error)
    assert bool(outcome.reason) is not ok


def after(checks, **fields):
    """The statuses that follow from checks, one after another."""
    made = Probe("x", print, **fields)
    standing, seen = Standing(), []
    for ok in checks:
        standing = standing.after(WELL if ok else ILL, made, 1.0)
        seen.append(standing.status.value)
    return seen


@pytest.mark.parametrize(
    ("checks", "fields", "statuses"),
    [
        ([1], {}, ["ok"]),
        ([0], {}, ["failing"]),
        ([1, 0, 1, 0, 0], {}, ["ok", "ok", "ok", "ok", "failing"]),
        ([0, 1, 0], {"successes": 2}, ["failing", "failing", "failing"]),
        ([0, 1, 1], {"successes": 2}, ["failing", "failing", "ok"]),
        ([0, 0, 0, 1], {"startup": True, "failures": 3}, ["pending", "pending", "failing", "ok"]),
        ([0, 1], {"startup": True}, ["pending", "ok"]),
    ],
)
def test_thresholds(checks, fields, statuses):
    """The first check decides.

    Then the threshold counts checks in a row. A startup probe is given its failures.
    """
    assert after(checks, **fields) == statuses


def test_since_when():
    """It stays while nothing changes."""
    made = Probe("x", print)
    first = Standing().after(WELL, made, 10.0)
    later = first.after(WELL, made, 20.0)

    assert (first.since, later.since, later.status) == (10.0, 10.0, Status.OK)
