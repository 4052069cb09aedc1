"""The families of metrics, with their labels and descriptions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from agenthost._host.telemetry.prometheus.shared import SHARED
from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.registry import Collector

__all__ = ["Families"]

_TOOL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STORE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0)


class Families:
    """The families of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "agenthost_requests",
            "Requests, by agent, which is empty for the host itself.",
            ("agent", "endpoint", "status"),
            registry=self.registry,
        )
        self.tool_seconds = Histogram(
            "agenthost_tool_seconds",
            "Duration of tool calls, from the complete request to the answer.",
            ("agent", "tool", "outcome"),
            registry=self.registry,
            buckets=_TOOL_SECONDS,
        )
        self.running = Gauge(
            "agenthost_running",
            "Running calls of an agent's own code.",
            ("agent",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.waiting = Gauge(
            "agenthost_waiting",
            "Waiting calls of an agent's own code.",
            ("agent",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.agents = Gauge(
            "agenthost_agents",
            "Agents by state.",
            ("state",),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.changed_packages = Gauge(
            "agenthost_changed_packages",
            "Hosted packages whose files have changed since they were loaded.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.quarantined_plugins = Gauge(
            "agenthost_quarantined_plugins",
            "Plugins that failed and are not used.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.ready = Gauge(
            "agenthost_ready",
            "Readiness of the host: 1 or 0.",
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.store_seconds = Histogram(
            "agenthost_store_seconds",
            "Duration of operations of the store.",
            ("operation", "outcome"),
            registry=self.registry,
            buckets=_STORE_SECONDS,
        )
        self.workers = Gauge(
            "agenthost_workers",
            "Serving processes.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.workers.set(1)
        self.generations_held = Gauge(
            "agenthost_generations_held",
            "Older generations of workers that are kept for calls in progress.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.generation_skew = Gauge(
            "agenthost_generation_skew",
            "Generations between the oldest and the newest worker that takes new calls.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.worker_ends = Counter(
            "agenthost_worker_ends",
            "Workers that ended by themselves, and were replaced.",
            registry=self.registry,
        )
        self.reloads = Counter(
            "agenthost_reloads",
            "Reloads, by outcome: ok, partly (an agent failed) or refused.",
            ("outcome",),
            registry=self.registry,
        )
        self.failed_logins = Counter(
            "agenthost_failed_logins",
            "Requests with wrong credentials.",
            registry=self.registry,
        )
        Gauge(
            "agenthost_info",
            "The version of agenthost.",
            ("version",),
            registry=self.registry,
            multiprocess_mode="livemax",
        ).labels(__version__).set(1)
        if SHARED not in os.environ:  # with several workers, one would set it for all
            ProcessCollector(registry=self.registry)
        self.failures = Counter(
            "agenthost_failures",
            "Failures of an agent's own code, including timeouts and invalid results.",
            ("agent", "what"),
            registry=self.registry,
        )
        self.busy = Counter(
            "agenthost_busy",
            "Calls refused because an agent was at its limit.",
            ("agent", "what"),
            registry=self.registry,
        )
        self.hooks = Counter(
            "agenthost_hook_failures",
            "Failures of a plugin's function, including timeouts.",
            ("plugin", "hook"),
            registry=self.registry,
        )
        self.dropped = Counter(
            "agenthost_events_dropped",
            "Tool calls that a plugin did not observe, because it was too slow.",
            ("plugin",),
            registry=self.registry,
        )
        self.sip = Counter(
            "agenthost_sip_decisions",
            "SIP calls, by the rule that decided.",
            ("rule",),
            registry=self.registry,
        )
        self.refused = Counter(
            "agenthost_breaker_refusals",
            "Calls refused because an agent's circuit breaker was open.",
            ("agent", "what"),
            registry=self.registry,
        )
        self.breaker = Gauge(
            "agenthost_breaker_open",
            "Circuit breaker of an agent: 1 if open, else 0.",
            ("agent",),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.blocks = Counter(
            "agenthost_loop_blocked",
            "Blocks of the event loop by an author's code.",
            ("agent", "what"),
            registry=self.registry,
        )
        self.blocked_seconds = Counter(
            "agenthost_loop_blocked_seconds",
            "Seconds that an author's code blocked the event loop.",
            ("agent", "what"),
            registry=self.registry,
        )
        self.processes_ended = Counter(
            "agenthost_process_ends",
            "Processes of isolated agents that were lost or replaced, by reason: crash, hang or memory.",
            ("agent", "reason"),
            registry=self.registry,
        )
        self.process_memory = Gauge(
            "agenthost_process_memory_bytes",
            "Memory of an isolated agent's processes.",
            ("agent",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.lag = Gauge(
            "agenthost_loop_lag_seconds",
            "Latest lag of the event loop.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.probes = Gauge(
            "agenthost_probe_up",
            "Status of a probe: 1 if ok, else 0.",
            ("agent", "probe"),
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.calls = Counter(
            "agenthost_agent_calls",
            "Calls of an agent in text, by people and other agents.",
            ("agent", "outcome"),
            registry=self.registry,
        )
        self.call_seconds = Histogram(
            "agenthost_agent_call_seconds",
            "Duration of answers in text.",
            ("agent",),
            registry=self.registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
        )
        self.escalations = Counter(
            "agenthost_agent_escalations",
            "Escalations from an agent in text.",
            ("agent",),
            registry=self.registry,
        )
        self.handovers = Counter(
            "agenthost_agent_handovers",
            "Hand-offs by an agent in text.",
            ("agent",),
            registry=self.registry,
        )
        self.tokens = Counter(
            "agenthost_agent_tokens",
            "Tokens of language models for an agent in text, including a workflow's agents.",
            ("agent", "direction"),
            registry=self.registry,
        )

    @property
    def all(self) -> Iterable[Collector]:
        """Every family, counted yet or not."""
        return tuple(self.registry._collector_to_names)  # noqa: SLF001 - the registry has no other way to list them
