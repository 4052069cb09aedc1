"""Asking probes in the background: in parallel, in time, and never twice what hangs."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from contextlib import asynccontextmanager

import pytest
from polling import poll_in_loop

from agenthost import HostVitals, Probe
from agenthost._host.runtime.probing import Probing, SourcedProbe
from agenthost._host.telemetry.current_call import Owner, running
from agenthost._host.telemetry.metrics import Metrics
from agenthost.secret import Secret


async def nothing():
    """A store that answers."""


VITALS = HostVitals(nothing, lambda: 0.5, "/nowhere", Secret("memory://"))


@asynccontextmanager
async def asking(*probes):
    probing = Probing(Metrics(), VITALS)
    probing.use(SourcedProbe("acme:plugin", each) for each in probes)
    async with probing.asking():
        yield probing


async def until(probing, **statuses):
    """Wait until probes stand like this, by name."""
    await poll_in_loop(lambda: {each.name: each.status for each in probing.reports()} == statuses)


def raises():
    raise OSError("/etc/secret is gone")


async def exits():
    sys.exit(3)


async def sleeps():
    await asyncio.sleep(3600)


async def stubborn():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


def test_what_each_check_comes_to():
    """Checks that are sync, async, raise, exit or hang have results of their own."""

    async def main():
        checks = {
            "fine": lambda: None,
            "awaits": nothing,
            "gives": lambda: nothing(),  # noqa: PLW0108 - not a coroutine function
            "vitals": lambda vitals: vitals.loop_lag() == 0.5,
            "raises": raises,
            "exits": exits,
            "sleeps": sleeps,
            "nonsense": lambda: "PONG",
        }
        async with asking(*(Probe(name, check, timeout=0.2) for name, check in checks.items())) as probing:
            well = dict.fromkeys(("fine", "awaits", "gives", "vitals"), "ok")
            ill = dict.fromkeys(("raises", "exits", "sleeps", "nonsense"), "failing")
            await until(probing, **well, **ill)
            return {each.name: each.error for each in probing.reports() if each.error}

    errors = asyncio.run(main())

    assert errors == {
        "raises": "OSError",
        "exits": "SystemExit",
        "sleeps": "TimeoutError",
        "nonsense": "nonsense",
    }


@pytest.mark.parametrize("kind", ["thread", "task"])
def test_what_hangs_is_not_started_again(kind):
    """It occupies one thread or task, and fails all the time.

    It is checked again once it has ended.
    """
    release, begun = threading.Event(), []

    def hangs():
        begun.append(1)
        release.wait(30)

    async def refuses():
        begun.append(1)
        while not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    async def main():
        check = hangs if kind == "thread" else refuses
        async with asking(Probe("x", check, timeout=0.01, interval=0.01, failures=1)) as probing:
            await until(probing, x="failing")
            await asyncio.sleep(0.2)
            assert len(begun) == 1
            assert probing.reports()[0].error == "TimeoutError"
            release.set()
            await until(probing, x="ok")

    asyncio.run(main())
    assert len(begun) > 1


def test_probes_run_at_the_same_time():
    """Each waits for all the others, which one after another never would."""
    meeting = threading.Barrier(8)

    def meet():
        meeting.wait(20)

    async def main():
        async with asking(*(Probe(f"p{n}", meet, timeout=30) for n in range(8))) as probing:
            await until(probing, **{f"p{n}": "ok" for n in range(8)})

    asyncio.run(main())


def test_a_critical_probe_counts_as_failing_until_it_is_answered():
    """The host gets no requests before the first result."""
    release = threading.Event()

    async def main():
        async with asking(Probe("x", lambda: release.wait(30) and None, timeout=30, critical=True)) as probing:
            before = probing.verdict
            release.set()
            await until(probing, x="ok")
            return before, probing.verdict

    before, later = asyncio.run(main())
    assert (before.ready(["sales"]), before.host_pending) == (False, True)
    assert (later.ready(["sales"]), later.host) == (True, "ok")


def test_a_probe_of_the_start_is_asked_until_it_succeeds():
    asked = []

    def third():
        asked.append(1)
        return len(asked) >= 3

    async def main():
        async with asking(Probe("x", third, interval=0.01, startup=True)) as probing:
            assert not probing.verdict.started
            await until(probing, x="ok")
            assert probing.verdict.started
            await asyncio.sleep(0.1)

    asyncio.run(main())
    assert len(asked) == 3


def test_probes_come_and_go_while_it_asks():
    """They can be changed from any thread.

    Probes that stay keep their results.
    """
    kept, gone, new = (Probe(name, nothing, agent="sales") for name in ("kept", "gone", "new"))

    async def main():
        async with asking(kept, gone) as probing:
            await until(probing, kept="ok", gone="ok")
            since = {each.name: each.since for each in probing.reports()}["kept"]
            change = [SourcedProbe("acme:plugin", kept), SourcedProbe("acme:plugin", new)]
            await asyncio.to_thread(probing.use, change)
            await until(probing, kept="ok", new="ok")
            assert since in [each.since for each in probing.reports()]

    asyncio.run(main())


def test_where_nobody_asks_probes_have_no_say():
    """A host without an event loop of its own, such as on Lambda, is ready."""
    probing = Probing(Metrics(), VITALS)
    probing.use([SourcedProbe("code", Probe("x", nothing, critical=True))])

    assert probing.verdict.ready(["sales"])


def test_the_check_of_an_agents_probe_runs_as_its_agents_code():
    """It has an owner on the loop and in a thread.

    A probe of the host has none.
    """
    seen = []

    def blocking():
        seen.append(running.get())

    async def on_loop():
        seen.append(running.get())

    async def main():
        probes = Probe("db", blocking, agent="desk"), Probe("api", on_loop, agent="desk"), Probe("disk", blocking)
        async with asking(*probes) as probing:
            await until(probing, db="ok", api="ok", disk="ok")

    asyncio.run(main())
    assert set(seen) == {Owner("desk", "probe", "db"), Owner("desk", "probe", "api"), None}


def test_the_log_tells_when_something_changes(caplog):
    """Each change is logged once, with the probe's owner and the reason.

    The log has no details.
    """
    well = [False, False, True]

    async def main():
        async with asking(Probe("x", lambda: raises() if not well.pop(0) else well.append(True), interval=0.01)) as p:
            await until(p, x="failing")
            await until(p, x="ok")

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == [
        "probe x of acme:plugin is failing: OSError: /etc/secret is gone",
        "probe x of acme:plugin is ok again",
    ]
