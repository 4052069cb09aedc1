"""Metrics of a host, for Prometheus.

With several workers, each writes its metrics to files of a shared directory (``PROMETHEUS_MULTIPROC_DIR``, set by the
supervising process before the workers start), and the worker that is scraped adds them up. Metrics of every request are
looked up once for each combination of labels, as a lookup costs more than counting.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter as Numbers, deque
from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from agenthost._host.telemetry.shared_metrics import SHARED, added_up
from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prometheus_client.registry import Collector

    from agenthost._host.telemetry.current_call import Owner

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Media type of ``Metrics.text``."""
_MOST_NAMES = 400
"""Label values per agent, as tools of an agent that is configured per call may have any name."""
_OTHER = "other"
_MOST_NOTED = 256
"""Size of a batch of requests and tool calls. Counting them one by one costs several times as much."""
_TOOL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STORE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._shared = SHARED in os.environ
        self._answered: dict[tuple[str, str, int], Callable[[float], None]] = {}
        self._ended: dict[tuple[str, str, str], Histogram] = {}
        self._noted: deque[tuple[str, str, str | int, float | None]] = deque()
        self._told_apart: dict[str, set[str]] = {}
        self._stored: dict[tuple[str, str], Callable[[float], None]] = {}
        self._loaded: set[str] = set()
        self._requests = Counter(
            "agenthost_requests",
            "Requests, by agent, which is empty for the host itself.",
            ("agent", "endpoint", "status"),
            registry=self._registry,
        )
        self._tool_seconds = Histogram(
            "agenthost_tool_seconds",
            "Duration of tool calls, from the complete request to the answer.",
            ("agent", "tool", "outcome"),
            registry=self._registry,
            buckets=_TOOL_SECONDS,
        )
        self._running = Gauge(
            "agenthost_running",
            "Running calls of an agent's own code.",
            ("agent",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._waiting = Gauge(
            "agenthost_waiting",
            "Waiting calls of an agent's own code.",
            ("agent",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._agents = Gauge(
            "agenthost_agents",
            "Agents by state.",
            ("state",),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._changed_packages = Gauge(
            "agenthost_changed_packages",
            "Hosted packages whose files have changed since they were loaded.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._ready = Gauge(
            "agenthost_ready",
            "Readiness of the host: 1 or 0.",
            registry=self._registry,
            multiprocess_mode="livemin",
        )
        self._store_seconds = Histogram(
            "agenthost_store_seconds",
            "Duration of operations of the store.",
            ("operation", "outcome"),
            registry=self._registry,
            buckets=_STORE_SECONDS,
        )
        self._workers = Gauge(
            "agenthost_workers",
            "Serving processes.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._workers.set(1)
        self._replaced = False
        self._generations_held = Gauge(
            "agenthost_generations_held",
            "Older generations of workers that are kept for calls in progress.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        Gauge(
            "agenthost_info",
            "The version of agenthost.",
            ("version",),
            registry=self._registry,
            multiprocess_mode="livemax",
        ).labels(__version__).set(1)
        if not self._shared:  # with several workers, one would set it for all
            ProcessCollector(registry=self._registry)
        self._failures = Counter(
            "agenthost_failures",
            "Failures of an agent's own code, including timeouts and invalid results.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._busy = Counter(
            "agenthost_busy",
            "Calls refused because an agent was at its limit.",
            ("agent", "what"),
            registry=self._registry,
        )

        self._hooks = Counter(
            "agenthost_hook_failures",
            "Failures of a plugin's function, including timeouts.",
            ("plugin", "hook"),
            registry=self._registry,
        )
        self._dropped = Counter(
            "agenthost_events_dropped",
            "Tool calls that a plugin did not observe, because it was too slow.",
            ("plugin",),
            registry=self._registry,
        )
        self._sip = Counter(
            "agenthost_sip_decisions",
            "SIP calls, by the rule that decided.",
            ("rule",),
            registry=self._registry,
        )
        self._refused = Counter(
            "agenthost_breaker_refusals",
            "Calls refused because an agent's circuit breaker was open.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._breaker = Gauge(
            "agenthost_breaker_open",
            "Circuit breaker of an agent: 1 if open, else 0.",
            ("agent",),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._blocks = Counter(
            "agenthost_loop_blocked",
            "Blocks of the event loop by an author's code.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._blocked_seconds = Counter(
            "agenthost_loop_blocked_seconds",
            "Seconds that an author's code blocked the event loop.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._processes_ended = Counter(
            "agenthost_process_ends",
            "Processes of isolated agents that were lost or replaced, by reason: crash, hang or memory.",
            ("agent", "reason"),
            registry=self._registry,
        )
        self._process_memory = Gauge(
            "agenthost_process_memory_bytes",
            "Memory of an isolated agent's processes.",
            ("agent",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._lag = Gauge(
            "agenthost_loop_lag_seconds",
            "Latest lag of the event loop.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._probes = Gauge(
            "agenthost_probe_up",
            "Status of a probe: 1 if ok, else 0.",
            ("agent", "probe"),
            registry=self._registry,
            multiprocess_mode="livemin",
        )

        self._calls = Counter(
            "agenthost_agent_calls",
            "Calls of an agent in text, by people and other agents.",
            ("agent", "outcome"),
            registry=self._registry,
        )
        self._call_seconds = Histogram(
            "agenthost_agent_call_seconds",
            "Duration of answers in text.",
            ("agent",),
            registry=self._registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
        )
        self._escalations = Counter(
            "agenthost_agent_escalations",
            "Escalations from an agent in text.",
            ("agent",),
            registry=self._registry,
        )
        self._handovers = Counter(
            "agenthost_agent_handovers",
            "Hand-offs by an agent in text.",
            ("agent",),
            registry=self._registry,
        )
        self._tokens = Counter(
            "agenthost_agent_tokens",
            "Tokens of language models for an agent in text, including a workflow's agents.",
            ("agent", "direction"),
            registry=self._registry,
        )

        self._known_tokens: dict[tuple[str, str], Counter] = {}
        self._known_calls: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    @property
    def families(self) -> Iterable[Collector]:
        """All metrics, counted yet or not."""
        return tuple(self._registry._collector_to_names)  # noqa: SLF001 - the registry has no other way to list them

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
        """Count the noted requests and tool calls.

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
            _observe(self._histogram(agent, what, str(outcome)), durations)

    def _count_requests(self, agent: str, endpoint: str, hundreds: int, number: int) -> None:
        count = self._answered.get((agent, endpoint, hundreds))
        if count is None:
            count = self._requests.labels(agent, endpoint, f"{hundreds}xx").inc
            self._answered[agent, endpoint, hundreds] = count
        count(number)

    def _histogram(self, agent: str, tool: str, outcome: str) -> Histogram:
        found = self._ended.get((agent, tool, outcome))
        if found is None:
            named = self._apart(agent, tool)
            found = self._tool_seconds.labels(agent, named, outcome)
            if named == tool:
                self._ended[agent, tool, outcome] = found
        return found

    def _apart(self, agent: str, name: str) -> str:
        """Return the label value of a tool or part, which is ``other`` beyond the limit."""
        apart = self._told_apart.setdefault(agent, set())
        if name in apart or len(apart) < _MOST_NAMES:
            apart.add(name)
            return name
        return _OTHER

    def stored(self, operation: str, outcome: str, seconds: float) -> None:
        """Count an operation of the store.

        ``operation`` is ``read``, ``put``, ``put_if``, ``add``, ``remove``, ``page`` or ``ping``. ``outcome`` is ``ok``
        or ``failed``.
        """
        observe = self._stored.get((operation, outcome))
        if observe is None:
            observe = self._stored[operation, outcome] = self._store_seconds.labels(operation, outcome).observe
        observe(seconds)

    def load(self, loads: Mapping[str, tuple[int, int]]) -> None:
        """Set the numbers of running and waiting calls.

        ``loads`` has both numbers by agent; an agent that is missing has none.
        """
        for agent in self._loaded - set(loads):
            for gauge in (self._running, self._waiting):
                if self._shared:
                    gauge.labels(agent).set(0)
                else:
                    gauge.remove(agent)
        self._loaded = set(loads)
        for agent, (running, waiting) in loads.items():
            self._running.labels(agent).set(running)
            self._waiting.labels(agent).set(waiting)

    def held(self, generations: int) -> None:
        """Set the number of older generations that are kept for calls in progress."""
        self._generations_held.set(generations)

    def replaced(self) -> None:
        """Count this process no longer as one that serves."""
        self._replaced = True
        self._workers.set(0)

    def states(self, states: Mapping[str, int], *, ready: bool, changed: int = 0) -> None:
        """Set the agents in each state, the readiness and the changed packages."""
        self._changed_packages.set(changed)
        for state, number in states.items():
            self._agents.labels(state).set(0 if self._replaced else number)
        self._ready.set(ready or self._replaced)

    def called(self, agent: str, outcome: str, seconds: float, counted: Mapping[str, int]) -> None:
        """Count a call of an agent in text.

        ``outcome`` is ``ok``, ``error``, ``timeout`` or ``cancelled``. ``counted`` is ``escalated``, ``handed_over``,
        ``input`` and ``output`` tokens, as far as there are any.
        """
        known = self._known_calls.get((agent, outcome))
        if known is None:  # a lookup of labels costs as much as the rest
            known = self._calls.labels(agent, outcome), self._call_seconds.labels(agent)
            self._known_calls[agent, outcome] = known
        known[0].inc()
        known[1].observe(seconds)
        if counted.get("escalated"):
            self.escalated(agent)
        if counted.get("handed_over"):
            self._handovers.labels(agent).inc()
        for direction in ("input", "output"):
            if counted.get(direction):
                tokens = self._known_tokens.get((agent, direction))
                if tokens is None:
                    tokens = self._known_tokens[agent, direction] = self._tokens.labels(agent, direction)
                tokens.inc(counted[direction])

    def escalated(self, agent: str) -> None:
        """Count an escalation from an agent."""
        self._escalations.labels(agent).inc()

    def failed(self, owner: Owner) -> None:
        """Count a failure of an agent's code."""
        self._failures.labels(owner.agent, self._apart(owner.agent, owner.part)).inc()

    def busy(self, owner: Owner) -> None:
        """Count a call refused because an agent was at its limit."""
        self._busy.labels(owner.agent, self._apart(owner.agent, owner.part)).inc()

    def hook_failed(self, plugin: str, hook: str) -> None:
        """Count a failure of a plugin's function that is called while the host serves."""
        self._hooks.labels(plugin, hook).inc()

    def event_dropped(self, plugin: str) -> None:
        """Count a tool call that a plugin did not observe."""
        self._dropped.labels(plugin).inc()

    def sip_decision(self, rule: str) -> None:
        """Count a SIP call.

        ``rule`` is the reason of the decision; see ``agenthost.sip.resolving.Decision``.
        """
        self._sip.labels(rule).inc()

    def refused(self, owner: Owner) -> None:
        """Count a call refused because a circuit breaker was open."""
        self._refused.labels(owner.agent, self._apart(owner.agent, owner.part)).inc()

    def breaker(self, agent: str, *, is_open: bool) -> None:
        """Set the state of an agent's circuit breaker."""
        self._breaker.labels(agent).set(is_open)

    def blocked(self, owner: Owner, seconds: float) -> None:
        """Count a block of the event loop."""
        self._blocks.labels(owner.agent, owner.part).inc()
        self._blocked_seconds.labels(owner.agent, owner.part).inc(seconds)

    def process_ended(self, agent: str, reason: str) -> None:
        """Count a process of an agent that was lost or replaced: ``crash``, ``hang`` or ``memory``."""
        self._processes_ended.labels(agent, reason).inc()

    def process_memory(self, agent: str, size: int) -> None:
        """Set the memory of an agent's processes, in bytes."""
        self._process_memory.labels(agent).set(size)

    def lagged(self, seconds: float) -> None:
        """Set the lag of the event loop."""
        self._lag.set(seconds)
        self.count()

    def probed(self, agent: str, probe: str, *, ok: bool) -> None:
        """Set the status of a probe, whose ``agent`` is empty for the host."""
        self._probes.labels(agent, probe).set(ok)

    def unprobed(self, agent: str, probe: str) -> None:
        """Remove a probe that no longer runs."""
        if not self._shared:  # a shared metric cannot be removed before the process ends
            with suppress(KeyError):
                self._probes.remove(agent, probe)

    def text(self) -> bytes:
        """Return all metrics, including the other workers'."""
        self.count()
        return added_up() if self._shared else generate_latest(self._registry)


def _observe(histogram: Histogram, durations: Sequence[float]) -> None:
    """Add several durations, as ``observe`` adds each, and lock every number once."""
    histogram._sum.inc(sum(durations))  # noqa: SLF001 - the histogram takes only one at a time
    bounds = histogram._upper_bounds  # noqa: SLF001 - as above
    for bucket, number in Numbers(bisect_left(bounds, each) for each in durations).items():
        histogram._buckets[bucket].inc(number)  # noqa: SLF001 - as above
