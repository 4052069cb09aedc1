"""The condition of a host, from which every health endpoint answers (wire.md, section 5).

It is a value that can be passed to another thread, or from a worker to its supervisor.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import attrs
from attrs import field, frozen

from agenthost._host.plan.agent_names import by_name
from agenthost.health import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenthost._host.published.what_is_served import QuarantinedPlugin, ServedAgent, UnservedAgent
    from agenthost._host.runtime.probing import ProbeReport

__all__ = ["Condition", "Phase", "combined"]


class Phase(Enum):
    """The phase of a host's life."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


@frozen
class Condition:
    """The condition of a host."""

    phase: Phase = Phase.STARTING
    agents: tuple[ServedAgent, ...] = ()
    failed: tuple[UnservedAgent, ...] = ()
    verdict: Verdict = field(factory=Verdict)
    state: bool = True
    """False while the store is required and does not work. Agents that use it are not ready then."""
    settled: bool = True
    stands_still: float = 0.0
    """Seconds for which its event loop has done nothing."""
    probes: tuple[ProbeReport, ...] = ()
    broken: frozenset[str] = frozenset()
    """Keys of the agents whose circuit breaker is open."""
    differing: frozenset[str] = frozenset()
    """Distributions whose files have changed since they were loaded."""
    built: int | None = None
    """The number of agents that have been built; None where all are built at the start."""
    store: str = ""
    """The problem of the store, if there is one. It degrades a host that does not require its store."""
    plugins: tuple[QuarantinedPlugin, ...] = ()
    without_state: frozenset[str] = frozenset()
    """Keys of the agents that use no shared state, while ``state`` is False."""

    @property
    def started(self) -> bool:
        """True if the start is over, including start-up probes."""
        return self.phase is not Phase.STARTING and self.verdict.started

    @property
    def ready(self) -> bool:
        """True if it should get requests."""
        return self.phase is Phase.SERVING and self.settled and self.started and self.verdict.ready(self._with_store())

    @property
    def status(self) -> str:
        """``starting``, ``ok``, ``degraded`` or ``failing``."""
        if self.phase is Phase.STARTING:
            return "starting"
        status = self.verdict.status(self._with_store())
        if status == "failing" and self._only_waits():
            return "starting"
        worse = self.failed or self.plugins or self.differing or self.store or self.broken.intersection(self._keys())
        return "degraded" if status == "ok" and worse else status

    def passes(self, path: str) -> bool:
        """Return True if the host's own check at a health endpoint succeeds.

        A program's handler adds to it. It may not hide that the host fails, or is being stopped.
        """
        if path == "/ready":
            return self.ready
        if path == "/health":
            return self.status in ("ok", "degraded")
        return path == "/live" or self.started

    def find(self, name: str) -> ServedAgent | None:
        """Return the served agent with this key, name or route."""
        return by_name(self.agents).get(name)

    def knows(self, name: str) -> bool:
        """Return True for a served or a failed agent's name."""
        return self.find(name) is not None or any(item.agent == name for item in self.failed)

    def status_of(self, agent: ServedAgent) -> str:
        """Return the status of a served agent: ``starting``, ``ok``, ``degraded`` or ``failing``."""
        if not self._has_store(agent.key):
            return "failing"
        status = "starting" if agent.key in self.verdict.pending else self.verdict.of(agent.key)
        return "degraded" if status == "ok" and agent.key in self.broken else status

    def _keys(self) -> Iterable[str]:
        return (agent.key for agent in self.agents)

    def _with_store(self) -> list[str]:
        """Return the keys of the agents that do not lack a store."""
        return [key for key in self._keys() if self._has_store(key)]

    def _has_store(self, key: str) -> bool:
        return self.state or key in self.without_state

    def _only_waits(self) -> bool:
        """Return True if probes without a result are the only fault."""
        verdict = self.verdict
        if verdict.host == "failing":
            return verdict.host_pending
        return any(key in verdict.pending for key in self._with_store())


def combined(workers: Sequence[Condition]) -> Condition:
    """Combine the conditions of several workers.

    The result is the best of them, with the longest lag, all open breakers and all changes.
    """
    if not workers:
        return Condition()
    best = max(workers, key=lambda each: (each.ready, each.started, each.status in ("ok", "degraded")))
    return attrs.evolve(
        best,
        stands_still=max(each.stands_still for each in workers),
        broken=frozenset().union(*(each.broken for each in workers)),
        differing=frozenset().union(*(each.differing for each in workers)),
    )
