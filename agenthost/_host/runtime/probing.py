"""Probing: repeated checks in the background.

Health endpoints read the latest results. A check that exceeds its timeout is failing, and is not started again until it
has ended, so that one which hangs keeps one thread, or one task.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import threading
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from agenthost._error_words import summary_of
from agenthost._host.calls.author_threads import Threads
from agenthost._host.calls.probe_calls import check_call
from agenthost._host.telemetry.current_call import Owner, running
from agenthost.health import Outcome, Probe, Standing, Status, Verdict, aggregate, outcome_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.health import HostVitals

__all__ = ["ProbeReport", "Probing", "SourcedProbe", "sourced_probes"]

_JITTER = 0.1
"""Random share of an interval, so that hosts and probes do not run their checks all at once."""

_random = random.SystemRandom()
"""Not the generator of the program: tests of authors repeat what it returns."""
_log = logging.getLogger("agenthost.health")


@frozen(eq=False)
class SourcedProbe:
    """A probe with its source."""

    source: str
    """Its source: a plugin's key, ``code``, or the agent's key."""
    probe: Probe
    """The probe, with ``agent`` as the agent's key."""

    @property
    def owner(self) -> Owner:
        """The owner of its check."""
        return Owner(self.probe.agent or "", "probe", self.probe.name)

    def __str__(self) -> str:
        """Return the probe for a log line."""
        return str(self.owner) if self.probe.agent is not None else f"{self.owner} of {self.source}"


def sourced_probes(plan: HostPlan) -> Iterator[SourcedProbe]:
    """Yield the probes of a plan with their agents, except for agents not served."""
    for agent in plan.agents:
        for probe in agent.probes:
            yield SourcedProbe(agent.key, probe)
    for source, probe in plan.extensions.health_probes:
        if probe.agent is None:
            yield SourcedProbe(source, probe)
        elif (found := plan.find(probe.agent)) is not None:
            yield SourcedProbe(source, probe if probe.agent == found.key else evolve(probe, agent=found.key))


@frozen
class ProbeReport:
    """The public status of a probe, for clients with credentials."""

    name: str
    agent: str | None
    """Key of its agent; None for the host's own."""
    source: str
    critical: bool
    status: str
    """``pending``, ``ok`` or ``failing``."""
    seconds: float | None
    """Duration of its last check; None before the first."""
    error: str | None
    """Class of what its last check raised; None when it was well."""
    since: float | None
    """The time of its last change, in seconds since 1970; None before its first check."""


@define(eq=False)
class _Followed:
    """A probe that is running, with its standing."""

    asked: SourcedProbe
    check: Callable[[], Any]
    on_loop: bool
    standing: Standing = field(factory=Standing)
    asking: asyncio.Task[None] | None = None
    running: asyncio.Task[Outcome] | None = None


class Probing:
    """Runs the probes of one host."""

    def __init__(self, metrics: Metrics, vitals: HostVitals) -> None:
        self._metrics = metrics
        self._vitals = vitals
        self._threads = Threads()
        self._followed: dict[Probe, _Followed] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changing = threading.Lock()
        self.verdict = Verdict()

    def use(self, probes: Iterable[SourcedProbe]) -> None:
        """Run these probes from now on.

        Probes that were running keep their standing. Any thread may call this.
        """
        with self._changing:
            wanted = {asked.probe: asked for asked in probes}
            gone = [followed for probe, followed in self._followed.items() if probe not in wanted]
            self._followed = {
                probe: self._followed.get(probe) or _follow(asked, self._vitals) for probe, asked in wanted.items()
            }
            self._judge()
            loop = self._loop
        for followed in gone:
            self._metrics.unprobed(followed.asked.probe.agent or "", followed.asked.probe.name)
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._begin, gone)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Run the probes during the block, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._judge()
        self._begin(())
        try:
            yield
        finally:
            self._loop = None
            for followed in self._followed.values():
                _end(followed)
            self._judge()

    async def ask(self, name: str, agent: str | None) -> Outcome | None:
        """Run one check now, apart from its regular ones.

        Return None if there is no such probe. ``agent`` is a key; None for the host's own.
        """
        probes = [followed.asked for followed in self._followed.values()]
        found = next((each for each in probes if (each.probe.name, each.probe.agent) == (name, agent)), None)
        return await self._ask(_follow(found, self._vitals)) if found is not None else None

    def reports(self) -> tuple[ProbeReport, ...]:
        """Return the status of each probe, the host's own first."""
        found = [_report_of(followed) for followed in self._followed.values()]
        return tuple(sorted(found, key=lambda each: (each.agent or "", each.name, each.source)))

    def _judge(self) -> None:
        """Update the verdict, in which probes count only while they run."""
        asked = self._followed.values() if self._loop is not None else ()
        self.verdict = aggregate((followed.asked.probe, followed.standing) for followed in asked)

    def _begin(self, gone: Iterable[_Followed]) -> None:
        """Start new probes and stop removed ones, on the loop."""
        for followed in gone:
            _end(followed)
        for followed in self._followed.values():
            if followed.asking is None or followed.asking.done():
                followed.asking = asyncio.get_running_loop().create_task(self._keep_asking(followed))

    async def _keep_asking(self, followed: _Followed) -> None:
        probe = followed.asked.probe
        while True:
            outcome = await self._ask(followed)
            before = followed.standing
            followed.standing = before.after(outcome, probe, time.time())
            self._note(followed, before)
            if probe.startup and followed.standing.status is Status.OK:
                return
            spread = _random.uniform(1 - _JITTER, 1 + _JITTER)
            await asyncio.sleep(probe.interval * spread)

    async def _ask(self, followed: _Followed) -> Outcome:
        """Run one check, unless the previous one still hangs."""
        probe = followed.asked.probe
        if followed.running is None or followed.running.done():
            followed.running = asyncio.get_running_loop().create_task(self._check(followed))
            await asyncio.wait((followed.running,), timeout=probe.timeout)
        running = followed.running
        if not running.done():
            if followed.on_loop:
                running.cancel()
            late = f"it did not end within {probe.timeout:g} s"
            return Outcome(ok=False, error="TimeoutError", reason=late, seconds=probe.timeout)
        followed.running = None
        return running.result()

    async def _check(self, followed: _Followed) -> Outcome:
        """Run an author's check, whose failures are outcomes."""
        owner = followed.asked.owner  # the watchdog reads this name
        if owner.agent:
            running.set(owner)
        began = time.perf_counter()
        try:
            if followed.on_loop:
                returned = followed.check()
            else:
                returned = await self._threads.run(followed.check)
            if inspect.isawaitable(returned):
                returned = await returned
            outcome = outcome_of(returned)
        except BaseException as error:  # noqa: BLE001 - an author may raise anything, SystemExit included
            outcome = Outcome(ok=False, error=type(error).__name__, reason=summary_of(error))
            _log.debug("%s failed", followed.asked, exc_info=error)
        return Outcome(outcome.ok, outcome.error, outcome.reason, time.perf_counter() - began)

    def _note(self, followed: _Followed, before: Standing) -> None:
        """Log a change, and update the verdict."""
        standing, asked = followed.standing, followed.asked
        if standing.status is not before.status:
            ok = standing.status is Status.OK
            self._metrics.probed(asked.probe.agent or "", asked.probe.name, ok=ok)
            if standing.status is Status.FAILING:
                _log.error("%s is failing: %s", asked, standing.last.reason)
            elif before.status is Status.FAILING:
                _log.warning("%s is ok again", asked)
            with self._changing:
                self._judge()


def _follow(asked: SourcedProbe, vitals: HostVitals) -> _Followed:
    return _Followed(asked, *check_call(asked.probe.check, vitals))


def _end(followed: _Followed) -> None:
    if followed.asking is not None:
        followed.asking.cancel()
        followed.asking = None
    if followed.running is not None:
        followed.running.cancel()


def _report_of(followed: _Followed) -> ProbeReport:
    probe, standing = followed.asked.probe, followed.standing
    first = standing.status is Status.PENDING and not standing.streak
    return ProbeReport(
        probe.name,
        probe.agent,
        followed.asked.source,
        probe.critical,
        standing.status.value,
        None if first else round(standing.last.seconds, 6),
        standing.last.error or None,
        None if first else standing.since,
    )
