"""Metrics of a host, for Prometheus.

With several workers, each writes its metrics to files of a shared directory (``PROMETHEUS_MULTIPROC_DIR``, set by the
supervising process before the workers start), and the worker that is scraped adds them up. Metrics of every request are
looked up once for each combination of labels, as a lookup costs more than counting.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections import Counter as Numbers, deque
from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost._host.telemetry.prometheus.shared import SHARED
from agenthost._host.telemetry.recent_calls import History, RecentCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prometheus_client import Counter, Histogram
    from prometheus_client.registry import Collector

    from agenthost._host.telemetry.current_call import Owner
    from agenthost._host.telemetry.prometheus.families import Families
    from agenthost._host.telemetry.prometheus.text import Text
    from agenthost._host.telemetry.prometheus.together import Together

__all__ = ["Metrics"]

_MOST_NAMES = 400
"""Label values per agent, as tools of an agent that is configured per call may have any name."""
_MOST_IN_ALL = 10_000
"""Label values of all agents together."""
_OTHER = "other"
_MOST_NOTED = 256
"""Size of a batch of requests, tool calls or operations of the store.

Counting them one by one costs several times as much.
"""


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._shared = SHARED in os.environ
        self._answered: dict[tuple[str, str, int], Callable[[float], None]] = {}
        self._ended: dict[tuple[str, str, str], Histogram] = {}
        self._noted: deque[tuple[str, str, str | int, float | None]] = deque()
        self._told_apart: dict[str, set[str]] = {}
        self._names = 0
        self._operations: deque[tuple[str, str, float]] = deque()
        self._stored: dict[tuple[str, str], Histogram] = {}
        self._loaded: set[str] = set()
        self._families: Families | None = None
        self._making = threading.Lock()
        self._text: Text | Together | None = None
        self._replaced = False
        self.recent = RecentCalls()
        self.history = History()
        self._known_tokens: dict[tuple[str, str], Counter] = {}
        self._known_calls: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    @property
    def families(self) -> Iterable[Collector]:
        """All metrics, counted yet or not."""
        return self._counted.all

    @property
    def _counted(self) -> Families:
        """The families, made and imported when the first of them is counted."""
        if self._families is None:
            from agenthost._host.telemetry.prometheus.families import Families  # noqa: PLC0415 - not in a cold start

            with self._making:
                if self._families is None:
                    self._families = Families()
        return self._families

    def answered(self, agent: str, endpoint: str, status: int) -> None:
        """Count a request.

        ``agent`` is the key of the agent that answered; empty for the host.
        """
        self._noted.append((agent, endpoint, status, None))
        if len(self._noted) > _MOST_NOTED:
            self.count()

    def tool_ended(self, tool: Owner, outcome: str, seconds: float) -> None:
        """Count a tool call.

        ``outcome`` is ``ok``, ``refused``, ``busy``, ``failed`` or ``timeout``.
        """
        self._noted.append((tool.agent, tool.name, outcome, seconds))
        if len(self._noted) > _MOST_NOTED:
            self.count()

    def count(self) -> None:
        """Count the noted requests, tool calls and operations of the store.

        Any thread may call it, and does so now and then, so that a scrape has little to do.
        """
        noted = self._noted
        requests: dict[tuple[str, str, int], int] = {}
        calls: dict[tuple[str, str, str | int], list[float]] = {}
        with suppress(IndexError):
            while True:
                agent, what, outcome, seconds = noted.popleft()
                if seconds is None:
                    request = agent, what, int(outcome) // 100
                    requests[request] = requests.get(request, 0) + 1
                else:
                    calls.setdefault((agent, what, outcome), []).append(seconds)
        for request, number in requests.items():
            self._count_requests(*request, number)
        for (agent, what, outcome), durations in calls.items():
            self.recent.ended(agent, str(outcome), durations)
            self.history.ended(str(outcome), durations)
            _observe(self._histogram(agent, what, str(outcome)), durations)
        self._count_operations()

    def _count_operations(self) -> None:
        operations: dict[tuple[str, str], list[float]] = {}
        with suppress(IndexError):
            while True:
                operation, outcome, seconds = self._operations.popleft()
                operations.setdefault((operation, outcome), []).append(seconds)
        for labels, durations in operations.items():
            found = self._stored.get(labels)
            if found is None:
                found = self._stored[labels] = self._counted.store_seconds.labels(*labels)
            _observe(found, durations)

    def sample(self) -> None:
        """Keep the history up to date, once a minute however often it is called."""
        if self.history.due():
            self.count()
            self.history.sample()

    def _count_requests(self, agent: str, endpoint: str, hundreds: int, number: int) -> None:
        count = self._answered.get((agent, endpoint, hundreds))
        if count is None:
            count = self._counted.requests.labels(agent, endpoint, f"{hundreds}xx").inc
            self._answered[agent, endpoint, hundreds] = count
        count(number)

    def _histogram(self, agent: str, tool: str, outcome: str) -> Histogram:
        found = self._ended.get((agent, tool, outcome))
        if found is None:
            named = self._apart(agent, tool)
            found = self._counted.tool_seconds.labels(agent, named, outcome)
            if named == tool:
                self._ended[agent, tool, outcome] = found
        return found

    def _apart(self, agent: str, name: str) -> str:
        """Return the label value of a tool or part, which is ``other`` beyond the limit."""
        apart = self._told_apart.setdefault(agent, set())
        if name in apart:
            return name
        if len(apart) >= _MOST_NAMES or self._names >= _MOST_IN_ALL:
            return _OTHER
        self._names += 1
        apart.add(name)
        return name

    def stored(self, operation: str, outcome: str, seconds: float) -> None:
        """Count an operation of the store.

        ``operation`` is ``read``, ``put``, ``put_if``, ``add``, ``remove``, ``page``, ``ping`` or ``probe``.
        ``outcome`` is ``ok`` or ``failed``.
        """
        self._operations.append((operation, outcome, seconds))
        if len(self._operations) > _MOST_NOTED:
            self.count()

    def load(self, loads: Mapping[str, tuple[int, int]]) -> None:
        """Set the numbers of running and waiting calls.

        ``loads`` has both numbers by agent; an agent that is missing has none.
        """
        for agent in self._loaded - set(loads):
            for gauge in (self._counted.running, self._counted.waiting):
                if self._shared:
                    gauge.labels(agent).set(0)
                else:
                    gauge.remove(agent)
        self._loaded = set(loads)
        for agent, (running, waiting) in loads.items():
            self._counted.running.labels(agent).set(running)
            self._counted.waiting.labels(agent).set(waiting)

    def held(self, generations: int) -> None:
        """Set the number of older generations that are kept for calls in progress."""
        self._counted.generations_held.set(generations)

    def replaced(self) -> None:
        """Count this process no longer as one that serves."""
        self._replaced = True
        self._counted.workers.set(0)

    def packages(self, *, changed: int, quarantined: int) -> None:
        """Set the numbers of changed packages and of quarantined plugins."""
        self._counted.changed_packages.set(changed)
        self._counted.quarantined_plugins.set(0 if self._replaced else quarantined)

    def states(self, states: Mapping[str, int], *, ready: bool) -> None:
        """Set the agents in each state, and the readiness."""
        for state, number in states.items():
            self._counted.agents.labels(state).set(0 if self._replaced else number)
        self._counted.ready.set(ready or self._replaced)

    def called(self, agent: str, outcome: str, seconds: float, counted: Mapping[str, int]) -> None:
        """Count a call of an agent in text.

        ``outcome`` is ``ok``, ``error``, ``timeout`` or ``cancelled``. ``counted`` is ``escalated``, ``handed_over``,
        ``input`` and ``output`` tokens, as far as there are any.
        """
        known = self._known_calls.get((agent, outcome))
        if known is None:  # a lookup of labels costs as much as the rest
            known = self._counted.calls.labels(agent, outcome), self._counted.call_seconds.labels(agent)
            self._known_calls[agent, outcome] = known
        known[0].inc()
        known[1].observe(seconds)
        if counted.get("escalated"):
            self.escalated(agent)
        if counted.get("handed_over"):
            self._counted.handovers.labels(agent).inc()
        for direction in ("input", "output"):
            if counted.get(direction):
                tokens = self._known_tokens.get((agent, direction))
                if tokens is None:
                    tokens = self._known_tokens[agent, direction] = self._counted.tokens.labels(agent, direction)
                tokens.inc(counted[direction])

    def escalated(self, agent: str) -> None:
        """Count an escalation from an agent."""
        self._counted.escalations.labels(agent).inc()

    def failed(self, owner: Owner) -> None:
        """Count a failure of an agent's code."""
        if owner.kind != "tool":  # its calls are counted with their outcome
            self.recent.failed(owner.agent)
        self._counted.failures.labels(owner.agent, self._apart(owner.agent, owner.part)).inc()

    def busy(self, owner: Owner) -> None:
        """Count a call refused because an agent was at its limit."""
        self._counted.busy.labels(owner.agent, self._apart(owner.agent, owner.part)).inc()

    def hook_failed(self, plugin: str, hook: str) -> None:
        """Count a failure of a plugin's function that is called while the host serves."""
        self._counted.hooks.labels(plugin, hook).inc()

    def event_dropped(self, plugin: str) -> None:
        """Count a tool call that a plugin did not observe."""
        self._counted.dropped.labels(plugin).inc()

    def sip_decision(self, rule: str) -> None:
        """Count a SIP call.

        ``rule`` is the reason of the decision; see ``agenthost.sip.resolving.Decision``.
        """
        self._counted.sip.labels(rule).inc()

    def refused(self, owner: Owner) -> None:
        """Count a call refused because a circuit breaker was open."""
        self._counted.refused.labels(owner.agent, self._apart(owner.agent, owner.part)).inc()

    def breaker(self, agent: str, *, is_open: bool) -> None:
        """Set the state of an agent's circuit breaker."""
        self._counted.breaker.labels(agent).set(is_open)

    def blocked(self, owner: Owner, seconds: float) -> None:
        """Count a block of the event loop."""
        self._counted.blocks.labels(owner.agent, owner.part).inc()
        self._counted.blocked_seconds.labels(owner.agent, owner.part).inc(seconds)

    def process_ended(self, agent: str, reason: str) -> None:
        """Count a process of an agent that was lost or replaced: ``crash``, ``hang`` or ``memory``."""
        self._counted.processes_ended.labels(agent, reason).inc()

    def process_memory(self, agent: str, size: int) -> None:
        """Set the memory of an agent's processes, in bytes."""
        self._counted.process_memory.labels(agent).set(size)

    def login_failed(self) -> None:
        """Count wrong credentials."""
        self._counted.failed_logins.inc()
        self.history.note("logins")

    def reloaded(self, outcome: str, number: int = 1) -> None:
        """Count reloads: ``ok``, ``partly`` or ``refused``."""
        self._counted.reloads.labels(outcome).inc(number)

    def tallied(self, skew: int, counts: Mapping[tuple[str, str], int]) -> None:
        """Set the generation skew, and add what the supervisor has counted, by kind and label."""
        self._counted.generation_skew.set(skew)
        for (kind, label), number in counts.items():
            if kind == "reload":
                self.reloaded(label, number)
            else:
                self._counted.worker_ends.inc(number)

    def lagged(self, seconds: float) -> None:
        """Set the lag of the event loop."""
        self._counted.lag.set(seconds)
        self.count()

    def probed(self, agent: str, probe: str, *, ok: bool) -> None:
        """Set the status of a probe, whose ``agent`` is empty for the host."""
        self._counted.probes.labels(agent, probe).set(ok)

    def unprobed(self, agent: str, probe: str) -> None:
        """Remove a probe that no longer runs."""
        if not self._shared:  # a shared metric cannot be removed before the process ends
            with suppress(KeyError):
                self._counted.probes.remove(agent, probe)

    def text(self) -> bytes:
        """Return all metrics, including the other workers'."""
        self.count()
        if self._text is None:
            self._text = self._together() if self._shared else self._alone()
        return self._text.now()

    def _alone(self) -> Text:
        from agenthost._host.telemetry.prometheus.text import Text  # noqa: PLC0415 - if it is read

        return Text(self._counted.all)

    def _together(self) -> Together:
        from pathlib import Path  # noqa: PLC0415 - as above

        from agenthost._host.telemetry.prometheus.together import Together  # noqa: PLC0415 - as above

        return Together(Path(os.environ[SHARED]))


def _observe(histogram: Histogram, durations: Sequence[float]) -> None:
    """Add several durations, as ``observe`` adds each, and lock every number once."""
    histogram._sum.inc(sum(durations))  # noqa: SLF001 - the histogram takes only one at a time
    bounds = histogram._upper_bounds  # noqa: SLF001 - as above
    for bucket, number in Numbers(bisect_left(bounds, each) for each in durations).items():
        histogram._buckets[bucket].inc(number)  # noqa: SLF001 - as above
