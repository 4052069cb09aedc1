"""Metrics of a host, in the form that Prometheus reads.

With several workers, each writes its figures into files of a directory that they share, and whoever is asked adds them
up (``PROMETHEUS_MULTIPROC_DIR``, set by the supervising process before the workers start).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTENT_TYPE", "SHARED", "Metrics", "forget_process"]

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Media type of ``Metrics.text``."""
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the directory which workers share."""


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._failures = Counter(
            "agenthost_failures",
            "Times that an agent's own code failed, ran out of time or answered with what cannot be sent.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._busy = Counter(
            "agenthost_busy",
            "Times that an agent could take no more.",
            ("agent", "what"),
            registry=self._registry,
        )

        self._hooks = Counter(
            "agenthost_hook_failures",
            "Times that a plugin's function failed, ran out of time or could not be asked.",
            ("plugin", "hook"),
            registry=self._registry,
        )
        self._sip = Counter(
            "agenthost_sip_decisions",
            "SIP calls, by what decided who answers them.",
            ("rule",),
            registry=self._registry,
        )
        self._refused = Counter(
            "agenthost_breaker_refusals",
            "Times that an agent's own code was not run, because its breaker was open.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._breaker = Gauge(
            "agenthost_breaker_open",
            "Whether an agent's breaker is open: 1 or 0.",
            ("agent",),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._blocks = Counter(
            "agenthost_loop_blocked",
            "Times that somebody's code blocked the event loop.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._blocked_seconds = Counter(
            "agenthost_loop_blocked_seconds",
            "Seconds for which somebody's code blocked the event loop.",
            ("agent", "what"),
            registry=self._registry,
        )
        self._lag = Gauge(
            "agenthost_loop_lag_seconds",
            "How long the event loop left something waiting when it was last asked.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._probes = Gauge(
            "agenthost_probe_up",
            "Whether a probe is well: 1 or 0.",
            ("agent", "probe"),
            registry=self._registry,
            multiprocess_mode="livemin",
        )

        self._calls = Counter(
            "agenthost_agent_calls",
            "Times that an agent was called in text, by people and other agents.",
            ("agent", "outcome"),
            registry=self._registry,
        )
        self._call_seconds = Histogram(
            "agenthost_agent_call_seconds",
            "How long agents took to answer in text.",
            ("agent",),
            registry=self._registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
        )
        self._escalations = Counter(
            "agenthost_agent_escalations",
            "Times that somebody else took over from an agent in text.",
            ("agent",),
            registry=self._registry,
        )
        self._handovers = Counter(
            "agenthost_agent_handovers",
            "Times that an agent handed a conversation over in text.",
            ("agent",),
            registry=self._registry,
        )
        self._tokens = Counter(
            "agenthost_agent_tokens",
            "Tokens that language models took for an agent in text, workflows with all below them.",
            ("agent", "direction"),
            registry=self._registry,
        )

        self._known_tokens: dict[tuple[str, str], Counter] = {}
        self._known_calls: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def called(self, agent: str, outcome: str, seconds: float, counted: Mapping[str, int]) -> None:
        """Count a call of an agent in text.

        Args:
            agent: the agent's key.
            outcome: what became of it: ``ok``, ``error``, ``timeout`` or ``cancelled``.
            seconds: how long it took.
            counted: ``escalated``, ``handed_over``, ``input`` and ``output`` tokens, as far as there are any.
        """
        known = self._known_calls.get((agent, outcome))
        if known is None:  # finding a label's counter costs as much as all the rest
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
        """Count that somebody else took over from an agent."""
        self._escalations.labels(agent).inc()

    def failed(self, agent: str, what: str) -> None:
        """Count a failure.

        Args:
            agent: the agent's key.
            what: the part of it that failed, such as ``tool book_visit``.
        """
        self._failures.labels(agent, what).inc()

    def busy(self, agent: str, what: str) -> None:
        """Count something that was not started; see ``failed``."""
        self._busy.labels(agent, what).inc()

    def hook_failed(self, plugin: str, hook: str) -> None:
        """Count a failure of a plugin's function that is asked while the host serves."""
        self._hooks.labels(plugin, hook).inc()

    def sip_decision(self, rule: str) -> None:
        """Count a SIP call.

        Args:
            rule: what decided; see ``agenthost.sip.resolving.Decision``.
        """
        self._sip.labels(rule).inc()

    def refused(self, agent: str, what: str) -> None:
        """Count something that was not run because a breaker is open; see ``failed``."""
        self._refused.labels(agent, what).inc()

    def breaker(self, agent: str, *, is_open: bool) -> None:
        """Note how an agent's breaker stands."""
        self._breaker.labels(agent).set(is_open)

    def blocked(self, agent: str, what: str, seconds: float) -> None:
        """Count a block of the event loop; see ``failed``."""
        self._blocks.labels(agent, what).inc()
        self._blocked_seconds.labels(agent, what).inc(seconds)

    def lagged(self, seconds: float) -> None:
        """Note how long the event loop left something waiting."""
        self._lag.set(seconds)

    def probed(self, agent: str, probe: str, *, ok: bool) -> None:
        """Note how a probe stands; ``agent`` is empty for one of the host."""
        self._probes.labels(agent, probe).set(ok)

    def unprobed(self, agent: str, probe: str) -> None:
        """Forget a probe that is no longer asked."""
        if SHARED not in os.environ:  # what is shared cannot be taken back; it goes with the process
            with suppress(KeyError):
                self._probes.remove(agent, probe)

    def text(self) -> bytes:
        """All figures, those of the other workers included."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def forget_process(number: int) -> None:
    """Leave out from now on what a worker that has ended said of itself alone; what it counted stays."""
    mark_process_dead(number)  # type: ignore[no-untyped-call]
